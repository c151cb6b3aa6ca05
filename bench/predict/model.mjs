// The model that all contestants read with: the recipe of examples/plates, grown to 0.83 million weights, with random weights. Writes
// a model folder, and beside it the pixels of the plates as ocrpipe decodes them (pixels.bin, and sizes.json: [width, height] of each).
//
//   node bench/predict/model.mjs FOLDER PLATES
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const load = (name) => import(new URL(`../../.cache/modules/${name}.js`, import.meta.url).href);
const { modelConfigSchema } = await load('ocr/models/model-config');
const { newRecogniser } = await load('ocr/models/recogniser');
const { holdModelFolder } = await load('ocr/models/held-model-folder');
const { writeModelFolder } = await load('ocr/models/model-folder');
const { openBackend } = await load('ocr/nn/backend');
const { alphabetOf } = await load('ocr/text/alphabet');
const { loadImage } = await load('ocr/images/load');
const { readingOptions } = await load('ocr/models/reading-limit');
const { randomFrom } = await load('base/random');

const [folder, plates] = process.argv.slice(2);
await openBackend('wasm');
const names = readdirSync(plates)
  .filter((name) => name.endsWith('.jpg'))
  .sort();
const alphabet = alphabetOf([...new Set(names.flatMap((name) => [...name.slice(0, -4)]))].sort());
const layers = { filters: [32, 64, 128, 128], widthStride: 4, innerDim: 152, units: 128, depth: 2 };
const recogniser = newRecogniser(
  modelConfigSchema.parse({ type: 'crnn', height: 24, ...layers }),
  alphabet,
  1,
);
const weights = await recogniser.network.variables.read();
// Moving averages as after some training: those of a new model say nothing.
for (const { name, values } of weights) {
  const random = randomFrom(1, name);
  if (name.endsWith('/mean')) values.forEach((_, at) => (values[at] = random.between(-0.5, 0.5)));
  if (name.endsWith('/variance')) values.forEach((_, at) => (values[at] = random.between(0.5, 2)));
}
mkdirSync(folder, { recursive: true });
const held = await holdModelFolder(join(folder, 'model'));
const training = { dataId: '0'.repeat(64), step: 0, seed: 1, backend: 'wasm' };
writeModelFolder(held, recogniser, weights, { training, metrics: {} });
held.release();

const images = [];
for (const name of names) images.push(await loadImage(join(plates, name), readingOptions(recogniser)));
writeFileSync(join(folder, 'pixels.bin'), Buffer.concat(images.map(({ data }) => data)));
const sizes = images.map(({ widthPx, heightPx }) => [widthPx, heightPx]);
writeFileSync(join(folder, 'sizes.json'), JSON.stringify(sizes));
const count = weights.reduce((sum, { values }) => sum + values.length, 0);
console.log(JSON.stringify({ weights: count, images: images.length }));
