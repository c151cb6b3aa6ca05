// `node bench/loading/run.mjs [COUNT…]`: what checking and loading images costs from 1,000 to 200,000 of them: 1,000 drawn ones, and hard links to
// them under further names. One line of JSON for each count and cache.
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../scripts/build.mjs';
import '../../scripts/build-modules.mjs';

const load = (name) => import(new URL(`../../.cache/modules/${name}.js`, import.meta.url).href);
const { ImageLoader } = await load('ocr/loading/image-loader');
const { augmentConfigSchema } = await load('ocr/images/augment-config');
const { sharp } = await load('ocr/images/sharp');
const { randomFrom, shuffled } = await load('base/random');

const counts = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-loading-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true });
});
const DRAWN = 1000;
const BATCH = 32;
const BATCHES = 200;
const [HEIGHT, WIDTH] = [32, 160];

/** A JPEG of 160 x 32: smooth noise, about 2 kB. */
async function draw(file, number) {
  const random = randomFrom('bench', number);
  const data = Uint8Array.from({ length: 40 * 8 }, () => random.below(256));
  const image = sharp(data, { raw: { width: 40, height: 8, channels: 1 } });
  await image.resize({ width: WIDTH, height: HEIGHT, fit: 'fill' }).jpeg({ quality: 85 }).toFile(file);
}

async function images(count) {
  mkdirSync(folder, { recursive: true });
  const files = Array.from({ length: count }, (_, number) => join(folder, `${number}.jpg`));
  for (const [number, file] of files.entries()) {
    if (existsSync(file)) continue;
    if (number < DRAWN) await draw(file, number);
    else linkSync(files[number % DRAWN], file);
  }
  return files;
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function measured(work) {
  const [cpu, wall] = [cpuMs(), performance.now()];
  const result = await work();
  return { result, cpu: cpuMs() - cpu, wall: performance.now() - wall };
}

const rssMiB = () => Math.round(process.memoryUsage.rss() / 2 ** 20);

async function loadBatches(loader, found) {
  const order = shuffled(
    found.map((_, index) => index),
    randomFrom('order'),
  );
  const frame = { heightPx: HEIGHT, widthPx: WIDTH, channels: 1, filledPx: new Array(BATCH).fill(WIDTH) };
  const waiting = [];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const images = Array.from({ length: BATCH }, (_, place) => {
      const index = order[(batch * BATCH + place) % order.length];
      return { image: found[index].image, streams: [0, index] };
    });
    waiting.push(loader.batch([{ images, frame }]));
    if (waiting.length >= loader.ahead) await waiting.shift();
  }
  await Promise.all(waiting);
}

for (const count of (counts.length > 0 ? counts : ['1000', '10000', '100000', '200000']).map(Number)) {
  const files = await images(count);
  for (const limitMiB of [0, 1024]) {
    globalThis.gc?.();
    const before = rssMiB();
    const loader = new ImageLoader({
      options: { channels: 1, fit: { mode: 'pad', heightPx: HEIGHT } },
      augment: augmentConfigSchema.parse({ rotate: 3, blur: 1, noise: 10, brightness: 30 }),
      seed: 1,
      limitBytes: limitMiB * 2 ** 20,
      threads: 2,
      events: () => undefined,
    });
    const checked = await measured(() => loader.check(files, { onDone: () => undefined }));
    const afterCheck = rssMiB();
    const batches = await measured(() => loadBatches(loader, checked.result));
    await loader.close();
    const loaded = BATCH * BATCHES;
    console.log(
      JSON.stringify({
        images: count,
        cacheMiB: limitMiB,
        checkMsCpu: +(checked.cpu / count).toFixed(3),
        checkSeconds: +(checked.wall / 1000).toFixed(1),
        batchMsCpuPerImage: +(batches.cpu / loaded).toFixed(3),
        rssMiBBefore: before,
        rssMiBAfterCheck: afterCheck,
        rssMiBAfter: rssMiB(),
      }),
    );
  }
}
