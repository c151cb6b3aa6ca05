import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { randomFrom } from '../../../src/base/random.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { sharp } from '../../../src/ocr/images/sharp.js';
import { modelConfigSchema } from '../../../src/ocr/models/model-config.js';
import { newRecogniser, type Recogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { listImages } from '../../../src/ocr/predict/list-images.js';
import { predictFiles } from '../../../src/ocr/predict/predict-files.js';
import type { Reading } from '../../../src/ocr/predict/recognise.js';
import { recogniseAll } from '../../../src/ocr/predict/recognise-all.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines, randomLabels } from '../train/drawn-lines.js';

let model: Recogniser;

beforeAll(async () => {
  await openBackend('wasm');
  const config = modelConfigSchema.parse({ height: 16, filters: [4, 6], innerDim: 10, units: 8 });
  model = newRecogniser(config, alphabetOf('abcdef'), 1);
});

afterAll(() => {
  model.network.dispose();
});

describe('listImages', () => {
  it('walks folders in sorted order, passes over what is no image there, and keeps named files as they are', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'b', ['ab', 'ba']);
    mkdirSync(join(folder, 'images', 'a'));
    await drawnLines(join(folder, 'images', 'a'), 'z', ['c']);
    writeFileSync(join(folder, 'images', 'notes.txt'), 'no image');
    const names = listImages(['images/notes.txt', 'images'], folder).map(({ name }) => name);
    expect(names).toEqual([
      'images/notes.txt',
      'images/a/images/z-0.png',
      'images/b-0.png',
      'images/b-1.png',
    ]);
  });

  it('names images below a folder by the folder as it was given', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'line', ['ab']);
    const nameIn = (path: string): string => listImages([path], folder)[0]!.name;
    expect(['images', 'images/', './images', '.', join(folder, 'images')].map(nameIn)).toEqual([
      'images/line-0.png',
      'images/line-0.png',
      './images/line-0.png',
      './images/line-0.png',
      join(folder, 'images', 'line-0.png'),
    ]);
    expect(nameIn('./images/line-0.png')).toBe('./images/line-0.png');
  });

  it('refuses a pipe and a device at once, and passes over them in folders', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'line', ['ab']);
    execFileSync('mkfifo', [join(folder, 'images', 'a.png')]);
    for (const path of ['images/a.png', '/dev/zero']) {
      expect(() => listImages([path], folder)).toThrow(
        expect.objectContaining({ code: 'not-a-file', exitCode: 2, location: { file: path } }),
      );
    }
    expect(listImages(['images'], folder).map(({ name }) => name)).toEqual(['images/line-0.png']);
  });

  it('takes patterns for what they match, and a name with such characters for itself', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'b', ['ab', 'ba', 'aa']);
    mkdirSync(join(folder, 'images', 'a[1]'));
    await drawnLines(join(folder, 'images', 'a[1]'), 'z', ['c']);
    const names = (path: string): string[] => listImages([path], folder).map(({ name }) => name);
    expect(names('images/b-[12].png')).toEqual(['images/b-1.png', 'images/b-2.png']);
    expect(names('images/b-[!12].p?g')).toEqual(['images/b-0.png']);
    expect(names('**/z*.png')).toEqual(['images/a[1]/images/z-0.png']);
    expect(names('images/*.png')).toEqual(['images/b-0.png', 'images/b-1.png', 'images/b-2.png']);
    expect(names('images/a[1]')).toEqual(['images/a[1]/images/z-0.png']);
    for (const path of ['images/x*.png', 'images/[z-a].png', 'none/*.png'])
      expect(() => names(path)).toThrow(expect.objectContaining({ code: 'path-missing' }) as Error);
  });

  it('refuses a path that is not there and a folder without images', () => {
    const folder = temporaryFolder();
    expect(() => listImages(['absent'], folder)).toThrow(
      expect.objectContaining({ code: 'path-missing', exitCode: 2 }),
    );
    expect(() => listImages(['.'], folder)).toThrow(
      expect.objectContaining({ code: 'no-images', exitCode: 2 }),
    );
  });
});

describe('predictFiles', () => {
  it('reads each image as it would alone, in the order given, however many there are', async () => {
    const folder = temporaryFolder();
    const labels = [1, 3, 9, 2, 5].flatMap((length) =>
      randomLabels('abcdef', { count: 60, length, seed: length }),
    );
    await drawnLines(folder, 'line', labels);
    const images = listImages(['images'], folder);
    const { predictions: together } = await predictFiles(model, images, { events: noEvents });
    expect(together.map(({ image }) => image)).toEqual(images.map(({ name }) => name));
    for (const index of [0, 70, 150, 299]) {
      const { predictions } = await predictFiles(model, [images[index]!], { events: noEvents });
      const [alone] = predictions;
      expect(together[index]!.text).toBe(alone!.text);
      expect(together[index]!.confidence).toBeCloseTo(alone!.confidence, 4);
    }
  });

  it('reads the others where files are no image, and tells of these as they were named', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'line', ['ab', 'ba']);
    writeFileSync(join(folder, 'notes.txt'), 'no image');
    writeFileSync(join(folder, 'empty.png'), '');
    const named = ['images/line-0.png', 'notes.txt', 'images/line-1.png', 'empty.png'];
    const read = await predictFiles(model, listImages(named, folder), { events: noEvents });
    expect(read.predictions.map(({ image }) => image)).toEqual(['images/line-0.png', 'images/line-1.png']);
    expect(read.unreadable).toEqual([
      expect.objectContaining({ code: 'image-unreadable', exitCode: 2, location: { file: 'notes.txt' } }),
      expect.objectContaining({ message: 'empty.png cannot be read as an image: the file is empty' }),
    ]);
  });

  it('passes over an image that is too wide for the memory, before it is scaled, and says so', async () => {
    const folder = temporaryFolder();
    await drawnLines(folder, 'line', ['ab']);
    const row = { width: 400_000, height: 1, channels: 1 } as const;
    await sharp(Buffer.alloc(row.width), { raw: row }).png().toFile(join(folder, 'wide.png'));
    const named = listImages(['wide.png', 'images'], folder);
    const { predictions, unreadable } = await predictFiles(model, named, { events: noEvents });
    expect(predictions.map(({ image }) => image)).toEqual(['images/line-0.png']);
    expect(unreadable).toEqual([
      expect.objectContaining({
        code: 'image-too-wide',
        exitCode: 2,
        location: { file: 'wide.png' },
        message: expect.stringMatching(
          /^wide\.png is 6400000 pixels wide at the model's height of 16/,
        ) as string,
      }),
    ]);
  });
});

describe('recogniseAll', () => {
  const keep = (reading: Reading): Reading => reading;
  /** Noise of many widths. */
  const images = Array.from({ length: 300 }, (_, index): Pixels => {
    const random = randomFrom(index, 'image');
    const widthPx = 8 + random.below(80);
    const data = Uint8Array.from({ length: 16 * widthPx }, () => random.below(256));
    return { data, heightPx: 16, widthPx, channels: 1 };
  });

  it('reads the same in batches that are cut to fit into memory', async () => {
    const load = (image: Pixels): Promise<Pixels> => Promise.resolve(image);
    const atOnce = await recogniseAll(model, { items: images, load, keep });
    const cut = await recogniseAll(model, { items: images, load, keep, batchArea: 100 });
    expect(cut.map((reading) => reading?.text)).toEqual(atOnce.map((reading) => reading?.text));
    cut.forEach((reading, index) => {
      expect(reading!.confidence).toBeCloseTo(atOnce[index]!.confidence, 4);
    });
  });

  it('has few images open at once, and counts all of them', async () => {
    let open = 0;
    let most = 0;
    const counts: number[] = [];
    const load = async (image: Pixels): Promise<Pixels> => {
      open += 1;
      most = Math.max(most, open);
      await setImmediate();
      open -= 1;
      return image;
    };
    await recogniseAll(model, { items: images, load, keep, onProgress: (done) => counts.push(done) });
    expect(most).toBeLessThanOrEqual(16);
    expect(counts.at(-1)).toBe(300);
  });
});
