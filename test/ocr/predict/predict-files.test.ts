import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { modelConfigSchema } from '../../../src/ocr/models/model-config.js';
import { newRecogniser, type Recogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { listImages, predictFiles } from '../../../src/ocr/predict/predict-files.js';
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
});
