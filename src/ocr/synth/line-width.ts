import { countText } from '../../base/count-text.js';
import { userError } from '../../base/errors.js';
import { characters } from '../text/code-points.js';
import { sizesOf, type LineStyle } from './draw-line.js';
import type { FontFile } from './font-file.js';

/** The renderer draws no picture wider than 2^15 pixels. */
const MOST_WIDTH_PX = 32768;
/** It rounds each advance to pixels of its own. */
const ROUNDING_PX = 1;

/** Throws `lines-too-large` (exit code 2) if one of the texts can become wider than the renderer draws, in one of the fonts. */
export function refuseTooWide(texts: readonly string[], fonts: readonly FontFile[], style: LineStyle): void {
  const advances = new Map<string, number>();
  const advance = (character: string): number => {
    const known = advances.get(character) ?? mostAdvance(character, fonts, style);
    advances.set(character, known);
    return known;
  };
  for (const text of texts) {
    const widthPx = characters(text).reduce((sum, character) => sum + advance(character), 0);
    if (widthPx <= MOST_WIDTH_PX) continue;
    throw userError(
      'lines-too-large',
      `a line of ${countText(characters(text).length, 'character')} may become ${Math.ceil(widthPx)} pixels wide: the limit is ${MOST_WIDTH_PX} pixels`,
      { hint: 'Give a smaller --height or --length, or less --size, --tracking or --gap.' },
    );
  }
}

/** How far the next character may stand from this one, in pixels. */
function mostAdvance(character: string, fonts: readonly FontFile[], style: LineStyle): number {
  const em = Math.max(...fonts.map((font) => font.advanceEm(character.codePointAt(0)!)));
  const more = (style.tracking?.most ?? 0) + (character === ' ' ? (style.gap?.most ?? 0) : 0);
  return style.heightPx * sizesOf(style).most * (em + more) + ROUNDING_PX;
}
