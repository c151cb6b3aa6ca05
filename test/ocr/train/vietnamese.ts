import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noEvents } from '../../../src/base/events.js';
import { randomFrom, shuffled } from '../../../src/base/random.js';
import type { Sample } from '../../../src/ocr/formats/sample.js';
import { writeManifest } from '../../../src/ocr/formats/manifest.js';
import { drawLine, pngOf } from '../../../src/ocr/synth/draw-line.js';
import { withOwnFontsOnly } from '../../../src/ocr/synth/fontconfig.js';
import { openFonts } from '../../../src/ocr/synth/fonts.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';

const VOWELS = 'aăâeêioôơuưy';
/** None, grave, hook above, tilde, acute, dot below. */
const TONES = ['', '\u0300', '\u0309', '\u0303', '\u0301', '\u0323'];
const TONED = Array.from(VOWELS).flatMap((vowel) => TONES.map((tone) => (vowel + tone).normalize('NFC')));
const LOWER = [...TONED, ...Array.from('bcdđfghjklmnpqrstvwxz')];
export const ALPHABET = [
  ...new Set([
    ...LOWER,
    ...LOWER.map((letter) => letter.toUpperCase()),
    ...Array.from("0123456789 .,-/()'#+:"),
  ]),
];
const LINE_LENGTH = 9;
const FONT = join(import.meta.dirname, '../../../node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const STYLE = { heightPx: 32, blurPx: 0, noise: 0, slantDegrees: 0, contrast: 1 };
/** How often each character occurs, each time between others. */
const ROUNDS = 3;

/** The alphabet in lines, in another order each round; a space stands between characters. */
function texts(): string[] {
  return Array.from({ length: ROUNDS }, (_, round) => {
    const letters = ALPHABET.filter((character) => character !== ' ');
    const order = shuffled(letters, randomFrom(1, 'round', round));
    return Array.from({ length: Math.ceil(order.length / LINE_LENGTH) }, (_none, line) => {
      const part = order.slice(line * LINE_LENGTH, (line + 1) * LINE_LENGTH);
      return [...part.slice(0, 4), ' ', ...part.slice(4)].join('').trim();
    });
  }).flat();
}

/** Those lines drawn with a real font; gives their manifest. */
export async function drawnManifest(folder: string): Promise<string> {
  const [font] = openFonts([FONT], ALPHABET);
  const samples = await withOwnFontsOnly(() =>
    Promise.all(
      texts().map(async (text, index): Promise<Sample> => {
        const image = join(folder, `${index}.png`);
        const drawn = await drawLine(text, font!, STYLE, randomFrom(1, 'line', index));
        writeFileSync(image, await pngOf(drawn));
        return { image, name: image, text, more: {} };
      }),
    ),
  );
  const manifest = join(folder, 'all.jsonl');
  writeManifest(manifest, samples);
  return manifest;
}

const params = (epochs: number): unknown => ({
  model: { height: 24, filters: [16, 32, 48], widthStride: 4, innerDim: 64, units: 64, dropout: 0 },
  train: { batchSize: 4, learningRate: 0.01, warmupSteps: 20, epochs, evaluateEvery: 10 },
  augment: {},
});

export async function trained(manifest: string, out: string, epochs: number) {
  return train({
    cwd: dirname(manifest),
    train: manifest,
    val: manifest,
    out,
    settings: paramsSchema.parse(params(epochs)),
    backend: 'wasm',
    events: noEvents,
  });
}
