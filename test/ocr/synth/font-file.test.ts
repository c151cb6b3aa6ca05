import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFontFile } from '../../../src/ocr/synth/font-file.js';
import { openFonts } from '../../../src/ocr/synth/fonts.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const folder = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');

describe('a font file', () => {
  it.each([
    ['DejaVuSans.ttf', 'DejaVu Sans', ''],
    ['DejaVuSansMono-Bold.ttf', 'DejaVu Sans Mono', 'Bold'],
    ['DejaVuSerifCondensed-BoldItalic.ttf', 'DejaVu Serif', 'Bold Semi-Condensed Italic'],
  ])('%s states its family and style', (name, family, style) => {
    expect(readFontFile(join(folder, name))).toMatchObject({ family, style });
  });

  it('knows which characters it has, in the basic plane and beyond', () => {
    const font = readFontFile(join(folder, 'DejaVuSans.ttf'));
    const has = (text: string) => Array.from(text, (character) => font.has(character.codePointAt(0)!));
    expect(has('Aế ſ\u0301😀𝔸')).not.toContain(false);
    expect(has('皖\u0364\uFFFE\u{10FFFF}')).not.toContain(true);
  });

  // As `advanceWidth` of fontTools' glyph sets has them, of 2048 units.
  it.each([
    ['DejaVuSans-Bold.ttf', 'Wi', [2259, 702]],
    ['DejaVuSansMono.ttf', 'Wi', [1233, 1233]],
    ['DejaVuSans.ttf', '\u0301', [0]],
  ])('%s says how wide the characters of %s are', (name, text, units) => {
    const font = readFontFile(join(folder, name));
    const advances = Array.from(text, (character) => font.advanceEm(character.codePointAt(0)!));
    expect(advances).toEqual(units.map((unit) => unit / 2048));
  });

  it('is every font of the package', () => {
    for (const name of readdirSync(folder)) expect(readFontFile(join(folder, name)).has(0x41)).toBe(true);
  });

  it('is refused by name if it is none', () => {
    const file = join(temporaryFolder(), 'font.ttf');
    for (const bytes of ['', 'wOFF and so on', '\0\x01\0\0\0\0\0\0\0\0\0\0']) {
      writeFileSync(file, bytes);
      expect(() => readFontFile(file)).toThrow(
        expect.objectContaining({ code: 'font-unreadable', exitCode: 2 }),
      );
    }
  });

  it.each([
    ['head', 18, 0],
    ['hhea', 34, 0],
    ['hhea', 34, 65_535],
  ])('is refused if its table %s does not say how wide glyphs are (%i: %i)', (tag, place, value) => {
    const bytes = readFileSync(join(folder, 'DejaVuSansMono.ttf'));
    const record = bytes.indexOf(tag, 12, 'latin1');
    bytes.writeUInt16BE(value, bytes.readUInt32BE(record + 8) + place);
    const hmtx = bytes.indexOf('hmtx', 12, 'latin1');
    if (value > 0) bytes.writeUInt32BE(bytes.length - 100, hmtx + 8);
    const file = join(temporaryFolder(), 'font.ttf');
    writeFileSync(file, bytes);
    expect(() => readFontFile(file)).toThrow(
      expect.objectContaining({
        code: 'font-unreadable',
        message: expect.stringContaining('how wide its glyphs are') as string,
      }),
    );
  });
});

describe('the fonts to draw with', () => {
  it('are the default ones that have every character', () => {
    expect(openFonts([], ['A']).length).toBeGreaterThanOrEqual(3);
    const families = openFonts([], ['ế']).map((font) => font.family);
    expect(families.length).toBeGreaterThanOrEqual(3);
    expect(families).not.toContain('DejaVu Sans Mono');
  });

  it('fail by name where a character is missing', () => {
    const mono = join(folder, 'DejaVuSansMono.ttf');
    for (const [files, character] of [
      [[mono], 'ế'],
      [[], '皖'],
    ] as const) {
      expect(() => openFonts(files, ['A', character])).toThrow(
        expect.objectContaining({
          code: 'font-lacks-character',
          exitCode: 2,
          message: expect.stringContaining(`'${character}'`) as string,
        }),
      );
    }
  });
});
