import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { readDescription, FORMAT_VERSION } from '../../../src/ocr/models/model-description.js';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { predictFiles } from '../../../src/ocr/predict/predict-files.js';

/** A folder a version and encoding, written by the ocrpipe that first had it, and images with their texts. None is ever changed. */
const FIXTURES = fileURLToPath(new URL('../../fixtures/models', import.meta.url));
const FOLDERS = readdirSync(FIXTURES).filter((name) => name.startsWith('version-'));
const LABELS = JSON.parse(readFileSync(join(FIXTURES, 'labels.json'), 'utf8')) as Record<string, string>;

describe('models that earlier versions saved', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each(FOLDERS)('%s reads what it read when it was saved', async (name) => {
    const { recogniser, description } = readModelFolder(join(FIXTURES, name));
    const images = Object.keys(LABELS).map((image) => ({
      file: join(FIXTURES, 'images', image),
      name: image,
    }));
    const { predictions } = await predictFiles(recogniser, images, { events: noEvents });
    recogniser.network.dispose();
    expect(Object.fromEntries(predictions.map(({ image, text }) => [image, text]))).toEqual(LABELS);
    expect(description.training.step).toBe(240);
  });

  it('has an example of every version', () => {
    const versions = FOLDERS.map((name) => {
      const text = readFileSync(join(FIXTURES, name, 'ocrpipe.json'), 'utf8');
      return (JSON.parse(text) as { version: number }).version;
    });
    const all = Array.from({ length: FORMAT_VERSION }, (_, index) => index + 1);
    expect([...new Set(versions)].sort()).toEqual(all);
  });

  it('come as today’s version would describe them', () => {
    const { weights, ...old } = readDescription(join(FIXTURES, 'version-1'));
    const { weights: newWeights, ...today } = readDescription(join(FIXTURES, 'version-2-float32'));
    expect(old).toEqual(today);
    expect(weights).toEqual(newWeights);
  });
});
