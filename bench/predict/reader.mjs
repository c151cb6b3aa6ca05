// Reads plates with a warm model on one backend, one at a time and in batches, from files and from decoded pixels; prints one line of JSON.
//
//   node bench/predict/reader.mjs BACKEND FOLDER PLATES      FOLDER is what model.mjs wrote
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const load = (name) => import(new URL(`../../.cache/modules/${name}.js`, import.meta.url).href);
const { openReader } = await load('ocr/models/chosen-decoder');
const { openBackend } = await load('ocr/nn/backend');
const { loadImage } = await load('ocr/images/load');
const { readingOptions } = await load('ocr/models/reading-limit');
const { predictInParts } = await load('ocr/predict/predict-files');
const { modelReader } = await load('ocr/predict/line-reader');
const { recogniseBatch } = await load('ocr/predict/recognise');
const { supplyOf } = await load('ocr/predict/supply');

const BATCH = 32;
const [backend, folder, plates] = process.argv.slice(2);
const { details } = await openBackend(backend);
const model = openReader(join(folder, 'model'));
const options = readingOptions(model);
const files = readdirSync(plates)
  .filter((name) => name.endsWith('.jpg'))
  .sort()
  .map((name) => join(plates, name));
const pixels = readFileSync(join(folder, 'pixels.bin'));
let at = 0;
const images = JSON.parse(readFileSync(join(folder, 'sizes.json'), 'utf8')).map(([widthPx, heightPx]) => {
  const data = pixels.subarray(at, (at += widthPx * heightPx));
  return { data, widthPx, heightPx, channels: 1 };
});
const texts = [];

const CASES = {
  'one at a time, from pixels': async () => {
    texts.length = 0;
    for (const image of images) texts.push((await recogniseBatch(model, [image]))[0].text);
  },
  'one at a time, from files': async () => {
    for (const file of files) await recogniseBatch(model, [await loadImage(file, options)]);
  },
  'batches of 32, from pixels': async () => {
    for (let start = 0; start < images.length; start += BATCH)
      await recogniseBatch(model, images.slice(start, start + BATCH));
  },
  'many files, as predict reads them': async () => {
    const named = files.map((file) => ({ file, name: file }));
    let read = 0;
    for await (const part of predictInParts(modelReader(model), supplyOf(named), { events: () => undefined }))
      read += part.length;
    if (read !== files.length) throw new Error(`${read} of ${files.length} were read`);
  },
};

/** Milliseconds an image, once all is warm. */
async function measured(work) {
  await work();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = (performance.now() - start) / files.length;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 / files.length };
}

const cases = {};
for (const [name, work] of Object.entries(CASES)) cases[name] = await measured(work);
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ details, cases, peakMb, texts }));
