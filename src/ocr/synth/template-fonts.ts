import type { Random } from '../../base/random.js';
import { characters } from '../text/code-points.js';
import type { FontFile } from './font-file.js';
import { fontsWith, readFonts, requireCharacters } from './fonts.js';
import { drawnAs, type FontPlace, type Template } from './template.js';

/** By the name of a template's place of a font, the fonts that one is chosen from for each picture. */
export type PlacedFonts = ReadonlyMap<string, readonly FontFile[]>;

/** Of a template whose families are its own: any font is as good. */
const ANY_FONT: FontPlace = { name: 'font', first: 1, last: Infinity };

/**
 * The fonts for each place of a font: those that have every character that some text has there. Throws `font-lacks-character` (exit code 2) for a place that
 * none of them is for, and for a named font that is for no place.
 */
export function templateFonts(
  template: Template,
  files: readonly string[],
  texts: readonly string[],
): PlacedFonts {
  const fonts = readFonts(files);
  const places = template.fontPlaces.length > 0 ? template.fontPlaces : [ANY_FONT];
  const needs = places.map((place) => ({ place, needed: charactersAt(template, place, texts) }));
  const placed = new Map(needs.map(({ place, needed }) => [place.name, fontsWith(fonts, needed)]));
  const used = new Set([...placed.values()].flat());
  if (files.length > 0)
    requireCharacters(
      fonts.filter((font) => !used.has(font)),
      needs[0]!.needed,
    );
  return placed;
}

/** One font for each place. */
export function chooseFonts(fonts: PlacedFonts, random: Random): Map<string, FontFile> {
  return new Map([...fonts].map(([name, each]) => [name, each[random.below(each.length)]!]));
}

/** What is drawn from the first to the last character of each text. */
function charactersAt(template: Template, { first, last }: FontPlace, texts: readonly string[]): string[] {
  const needed = texts.flatMap((text) =>
    characters(text)
      .slice(first - 1, last)
      .map((character, index) => drawnAs(template, first + index, character)),
  );
  return [...new Set(needed)];
}
