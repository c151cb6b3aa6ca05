import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { userError } from '../../base/errors.js';
import { describeCharacter } from '../text/alphabet.js';
import { sharp } from '../images/sharp.js';
import { readFontFile, type FontFile } from './font-file.js';

/** The fonts used where none is named: DejaVu (free licence of Bitstream Vera and Arev), from an npm package. */
const DEFAULT_FONTS = [
  'DejaVuSans.ttf',
  'DejaVuSans-Bold.ttf',
  'DejaVuSansCondensed.ttf',
  'DejaVuSansMono.ttf',
  'DejaVuSerif.ttf',
  'DejaVuSerifCondensed.ttf',
];

/**
 * Opens the fonts to draw `needed` with. Fonts that are named must have every character; of the default ones those are
 * taken that do. Throws `font-lacks-character` (exit code 2) naming the font and the first characters it lacks.
 */
export function openFonts(files: readonly string[], needed: readonly string[]): FontFile[] {
  const fonts = readFonts(files);
  if (files.length === 0) return fontsWith(fonts, needed);
  requireCharacters(fonts, needed);
  return fonts;
}

/** The fonts that are named, or the default ones. Throws `font-unreadable` (exit code 2). */
export function readFonts(files: readonly string[]): FontFile[] {
  return (files.length > 0 ? files : defaultFontFiles()).map(readFontFile);
}

/** Those that have every character. Throws `font-lacks-character` (exit code 2), naming the one that lacks fewest, where none has. */
export function fontsWith(fonts: readonly FontFile[], needed: readonly string[]): FontFile[] {
  const lacks = fonts.map((font) => ({ font, count: lackedBy(font, needed).length }));
  const complete = lacks.filter(({ count }) => count === 0).map(({ font }) => font);
  if (complete.length === 0) {
    const [nearest] = lacks.sort((a, b) => a.count - b.count);
    requireCharacters([nearest!.font], needed);
  }
  return complete;
}

/** Those of `wanted` that one of the fonts lacks; where none is named, the default font that has most. */
export function charactersLacked(files: readonly string[], wanted: readonly string[]): string[] {
  const asked = files.length > 0 ? files : defaultFontFiles().slice(0, 1);
  const lacked = new Set(asked.flatMap((file) => lackedBy(readFontFile(file), wanted)));
  return wanted.filter((character) => lacked.has(character));
}

function defaultFontFiles(): string[] {
  const description = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json');
  return DEFAULT_FONTS.map((name) => join(dirname(description), 'ttf', name));
}

/** Throws `font-lacks-character` for the first font that lacks one: a missing glyph would be drawn as an empty box and teach a model that boxes are letters. */
export function requireCharacters(fonts: readonly FontFile[], needed: readonly string[]): void {
  for (const font of fonts) {
    const missing = lackedBy(font, needed);
    if (missing.length === 0) continue;
    const named = missing.slice(0, 10).map(describeCharacter).join(', ');
    const more = missing.length > 10 ? ` and ${missing.length - 10} more` : '';
    throw userError('font-lacks-character', `${font.family} has no ${named}${more}`, {
      location: { file: font.file },
      hint: 'Name a font that has them with --font FILE, or leave them out.',
    });
  }
}

function lackedBy(font: FontFile, needed: readonly string[]): string[] {
  return needed.filter((character) => character !== ' ' && !font.has(character.codePointAt(0)!));
}

/**
 * Hands the fonts to the renderer, which then finds them by their families in SVG pictures, too. It knows those that it was handed before
 * this process drew its first SVG.
 */
export async function loadFonts(fonts: readonly FontFile[]): Promise<void> {
  for (const { file, family, style } of fonts) {
    await sharp({ text: { text: '-', font: `${family}, ${style} 8`, fontfile: file } })
      .raw()
      .toBuffer();
  }
}
