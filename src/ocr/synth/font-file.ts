import { readFileSync } from 'node:fs';
import { userError } from '../../base/errors.js';
import { glyphsOf } from './character-map.js';

/** What synth must know of a font file before it draws with it. */
export interface FontFile {
  /** Absolute path. */
  readonly file: string;
  /** The family's exact name, as the file states it. */
  readonly family: string;
  /** Style words that pick this file within its family, e.g. `Bold Condensed`; '' for the regular one. */
  readonly style: string;
  /** True if the font has a glyph for the code point. */
  has(codePoint: number): boolean;
  /** How far the next character stands from it, in ems. */
  advanceEm(codePoint: number): number;
}

/**
 * Reads the tables `name`, `OS/2`, `cmap`, `head`, `hhea` and `hmtx` of a TrueType or OpenType font (the OpenType specification, version 1.9).
 * Throws `font-unreadable` (exit code 2) naming the file.
 */
export function readFontFile(file: string): FontFile {
  try {
    const bytes = readFileSync(file);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tables = tableOffsets(view);
    const glyphOf = glyphsOf(view, offsetOf(tables, 'cmap'));
    const advanceOf = advances(view, tables);
    return {
      file,
      family: familyName(view, offsetOf(tables, 'name')),
      style: styleWords(view, offsetOf(tables, 'OS/2')),
      has: (codePoint) => glyphOf(codePoint) !== 0,
      advanceEm: (codePoint) => advanceOf(glyphOf(codePoint)),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw userError('font-unreadable', `${file} cannot be used as a font: ${reason}`, {
      location: { file },
      hint: 'Give a TrueType or OpenType file (.ttf, .otf).',
      cause: error,
    });
  }
}

const TRUETYPE = 0x00010000;
const OPENTYPE_CFF = 0x4f54544f;

function tableOffsets(view: DataView): Map<string, number> {
  const kind = view.getUint32(0);
  if (kind !== TRUETYPE && kind !== OPENTYPE_CFF) throw new Error('it is no TrueType or OpenType file');
  const tables = new Map<string, number>();
  for (let index = 0; index < view.getUint16(4); index += 1) {
    const record = 12 + index * 16;
    const tag = String.fromCharCode(...[0, 1, 2, 3].map((byte) => view.getUint8(record + byte)));
    tables.set(tag, view.getUint32(record + 8));
  }
  return tables;
}

function offsetOf(tables: ReadonlyMap<string, number>, tag: string): number {
  const offset = tables.get(tag);
  if (offset === undefined) throw new Error(`its table '${tag}' is missing`);
  return offset;
}

/** Name ids: the typographic family if there is one, otherwise the plain family. */
const FAMILY_IDS = [16, 1];
const WINDOWS = 3;

function familyName(view: DataView, table: number): string {
  const names = new Map<number, string>();
  const storage = table + view.getUint16(table + 4);
  for (let index = 0; index < view.getUint16(table + 2); index += 1) {
    const record = table + 6 + index * 12;
    if (view.getUint16(record) !== WINDOWS) continue;
    const length = view.getUint16(record + 8);
    const start = storage + view.getUint16(record + 10);
    const units = Array.from({ length: length / 2 }, (_, unit) => view.getUint16(start + unit * 2));
    const id = view.getUint16(record + 6);
    if (!names.has(id)) names.set(id, String.fromCharCode(...units));
  }
  const family = FAMILY_IDS.map((id) => names.get(id)).find((name) => name !== undefined);
  if (family === undefined) throw new Error('it does not name its family');
  return family;
}

/** Pango's words for weight classes (in hundreds) and width classes of `OS/2`. */
const WEIGHTS = [
  '',
  'Thin',
  'Ultra-Light',
  'Light',
  '',
  'Medium',
  'Semi-Bold',
  'Bold',
  'Ultra-Bold',
  'Heavy',
];
const WIDTHS = [
  '',
  'Ultra-Condensed',
  'Extra-Condensed',
  'Condensed',
  'Semi-Condensed',
  '',
  'Semi-Expanded',
  'Expanded',
  'Extra-Expanded',
  'Ultra-Expanded',
];
const ITALIC = 1;
const OBLIQUE = 1 << 9;

function styleWords(view: DataView, table: number): string {
  const weight = WEIGHTS[Math.round(view.getUint16(table + 4) / 100)] ?? '';
  const width = WIDTHS[view.getUint16(table + 6)] ?? '';
  const selection = view.getUint16(table + 62);
  const slope = selection & OBLIQUE ? 'Oblique' : selection & ITALIC ? 'Italic' : '';
  return [weight, width, slope].filter((word) => word !== '').join(' ');
}

/** By glyph, in ems; glyphs beyond the last that is listed are as wide as that one. */
function advances(view: DataView, tables: ReadonlyMap<string, number>): (glyph: number) => number {
  const unitsPerEm = view.getUint16(offsetOf(tables, 'head') + 18);
  const listed = view.getUint16(offsetOf(tables, 'hhea') + 34);
  const table = offsetOf(tables, 'hmtx');
  if (unitsPerEm === 0 || listed === 0 || table + 4 * listed > view.byteLength)
    throw new Error('it does not say how wide its glyphs are');
  return (glyph) => view.getUint16(table + 4 * Math.min(glyph, listed - 1)) / unitsPerEm;
}
