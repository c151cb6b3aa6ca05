import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomFrom } from '../../../src/base/random.js';
import { writeManifest } from '../../../src/ocr/formats/manifest.js';
import type { Sample } from '../../../src/ocr/formats/sample.js';
import { sharp } from '../../../src/ocr/images/sharp.js';

const GLYPH_WIDTH_PX = 8;
const GLYPH_HEIGHT_PX = 16;
const CELL_PX = 2;

/** The ink of a character: a random pattern of cells that depends on the character alone, so no font is needed. */
function glyph(character: string): boolean[] {
  const random = randomFrom('glyph', character);
  const cells = (GLYPH_WIDTH_PX / CELL_PX - 1) * (GLYPH_HEIGHT_PX / CELL_PX);
  return Array.from({ length: cells }, () => random.uniform() < 0.5);
}

/** A line of such characters as grey pixels, a white column of cells after each. */
function drawLine(text: string): { data: Uint8Array; width: number; height: number } {
  const characters = Array.from(text.normalize('NFC'));
  const width = characters.length * GLYPH_WIDTH_PX;
  const data = new Uint8Array(width * GLYPH_HEIGHT_PX).fill(255);
  const columns = GLYPH_WIDTH_PX / CELL_PX - 1;
  characters.forEach((character, place) => {
    glyph(character).forEach((ink, cell) => {
      if (!ink) return;
      const left = place * GLYPH_WIDTH_PX + (cell % columns) * CELL_PX;
      const top = Math.floor(cell / columns) * CELL_PX;
      for (let y = top; y < top + CELL_PX; y += 1) data.fill(0, y * width + left, y * width + left + CELL_PX);
    });
  });
  return { data, width, height: GLYPH_HEIGHT_PX };
}

/** Draws one image a label below `folder` and writes their manifest; gives its path. */
export async function drawnLines(folder: string, name: string, labels: readonly string[]): Promise<string> {
  mkdirSync(join(folder, 'images'), { recursive: true });
  const samples = await Promise.all(
    labels.map(async (text, index): Promise<Sample> => {
      const image = join(folder, 'images', `${name}-${index}.png`);
      const { data, width, height } = drawLine(text);
      await sharp(data, { raw: { width, height, channels: 1 } })
        .png()
        .toFile(image);
      return { image, name: image, text, more: {} };
    }),
  );
  const manifest = join(folder, `${name}.jsonl`);
  writeManifest(manifest, samples);
  return manifest;
}

/** Random labels of `length` characters. */
export function randomLabels(
  characters: string,
  shape: { count: number; length: number; seed: number },
): string[] {
  const random = randomFrom(shape.seed, 'labels');
  const from = Array.from(characters);
  return Array.from({ length: shape.count }, () =>
    Array.from({ length: shape.length }, () => from[random.below(from.length)]!).join(''),
  );
}
