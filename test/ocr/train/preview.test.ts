import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { previewAugment, type PreviewAugmentResult } from '../../../src/actions/preview-augment.js';
import { randomFrom } from '../../../src/base/random.js';
import { augmentConfigSchema } from '../../../src/ocr/images/augment-config.js';
import { augment } from '../../../src/ocr/images/augment.js';
import { loadImage } from '../../../src/ocr/images/load.js';
import { sharp } from '../../../src/ocr/images/sharp.js';
import { quietCall } from '../../rig/call.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';

const AUGMENT = { probability: 0.8, rotate: 4, elastic: { min: 0.02, max: 0.05 }, jpeg: 60 };
const LABELS = ['<b>&"x', 'cab', 'bca'];

let folder: string;

beforeEach(async () => {
  folder = temporaryFolder();
  await drawnLines(folder, 'lines', LABELS);
  writeParams(AUGMENT);
});

function writeParams(effects: object, channels = 1): void {
  const params = { model: { height: 16, channels }, train: { seed: 4 }, augment: effects };
  writeFileSync(join(folder, 'params.yaml'), JSON.stringify(params));
}

function preview(): Promise<PreviewAugmentResult> {
  return previewAugment({ previewAugment: 'page.html', train: 'lines.jsonl' }, quietCall(folder));
}

const page = (): string => readFileSync(join(folder, 'page.html'), 'utf8');

describe('the preview of augmentation', () => {
  it('shows the very pictures that training will make, beside the images as they are', async () => {
    expect(await preview()).toEqual({
      page: 'page.html',
      images: 3,
      effects: ['rotate', 'elastic', 'jpeg'],
    });
    const pictures = [...page().matchAll(/base64,([^"]+)"/g)].map(([, text]) => Buffer.from(text!, 'base64'));
    const pixels = (
      await Promise.all(pictures.map((bytes) => sharp(bytes).toColourspace('b-w').raw().toBuffer()))
    ).map((data) => [...data]);
    const config = augmentConfigSchema.parse(AUGMENT);
    for (let index = 0; index < LABELS.length; index += 1) {
      const original = await loadImage(join(folder, 'images', `lines-${index}.png`), {
        channels: 1,
        fit: { mode: 'pad', heightPx: 16 },
      });
      const epochs = [0, 1, 2, 3].map((epoch) =>
        augment(original, config, randomFrom(4, 'augment', epoch, index)),
      );
      const shown = pixels.slice(5 * index, 5 * index + 5);
      expect(shown).toEqual([original, ...epochs].map(({ data }) => [...data]));
    }
  });

  it('says how strong each effect is and how often it is drawn, and shows those that are off apart', async () => {
    await preview();
    const [on, off] = page().split('Effects that are off');
    expect(on).toContain('rotate <small>turned: up to 4°, in 80 % of the images');
    expect(on).toContain('elastic <small>bent: from 2 % of the height up to 5 % of the height');
    expect(on).toContain('jpeg <small>stored as JPEG: down to quality 40');
    expect(off).toContain('<code>shadow: 0.4</code>');
    expect(page()).not.toContain('saturation');
    writeParams({}, 3);
    await preview();
    expect(page()).toContain('No effect is on');
    expect(page()).toContain('<code>saturation: 0.6</code>');
  });

  it('needs nothing beside itself, takes labels as text, is the same each time, and trains nothing', async () => {
    await preview();
    const first = page();
    expect(first).not.toMatch(/https?:|<script|url\(/);
    expect(first).toContain('<bdi>&lt;b&gt;&amp;&quot;x</bdi>');
    await preview();
    expect(page()).toBe(first);
    expect(readdirSync(folder).sort()).toEqual(['images', 'lines.jsonl', 'page.html', 'params.yaml']);
  });

  it('passes over broken images and names them, but shows at least one', async () => {
    writeFileSync(join(folder, 'images', 'lines-1.png'), 'no image');
    expect((await preview()).images).toBe(2);
    expect(page()).toContain('lines-1.png cannot be read as an image');
    for (const index of [0, 2]) writeFileSync(join(folder, 'images', `lines-${index}.png`), 'no image');
    await expect(preview()).rejects.toMatchObject({ code: 'image-unreadable', exitCode: 2 });
  });

  it('never replaces a file that is no preview', async () => {
    writeFileSync(join(folder, 'page.html'), '<p>mine</p>');
    await expect(preview()).rejects.toMatchObject({ code: 'output-foreign', exitCode: 2 });
    expect(page()).toBe('<p>mine</p>');
  });
});
