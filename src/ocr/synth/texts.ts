import { countText } from '../../base/count-text.js';
import { userError } from '../../base/errors.js';
import type { Random } from '../../base/random.js';
import { characters } from '../text/code-points.js';
import type { PatternTexts } from './pattern-texts.js';

/** Lines of `least` to `most` characters, from single characters, from words, or as a pattern has them. */
export interface TextSource {
  readonly least: number;
  readonly most: number;
  readonly from:
    | { readonly alphabet: readonly string[] }
    | { readonly words: readonly string[] }
    | { readonly pattern: PatternTexts };
}

/** How often a text that was drawn before is drawn again before it is accepted. */
const REDRAWS = 50;

/**
 * `count` texts in NFC, all different as long as the source has that many. Throws `alphabet-without-text` and
 * `words-do-not-fit` (exit code 2) if it has none.
 */
export function drawTexts(source: TextSource, count: number, random: Random): string[] {
  refuseInvisible(source);
  const most = differentTexts(source);
  const seen = new Set<string>();
  const texts: string[] = [];
  while (texts.length < count) {
    let text = drawText(source, random);
    const redraws = seen.size < most ? REDRAWS : 0;
    for (let redraw = 0; redraw < redraws && seen.has(text); redraw += 1) text = drawText(source, random);
    seen.add(text);
    texts.push(text);
  }
  return texts;
}

/** A character without ink: a space, or one of those that only steer others. */
const INVISIBLE = /^[\s\p{Default_Ignorable_Code_Point}\p{Cc}]$/u;

function refuseInvisible({ from, least, most }: TextSource): void {
  if (!('alphabet' in from) || from.alphabet.some(isSolid)) return;
  const length = least === most ? String(least) : `${least} to ${most}`;
  throw userError(
    'alphabet-without-text',
    `no line of ${length} ${most === 1 ? 'character' : 'characters'} can be drawn: none of the alphabet is visible (${countText(from.alphabet.length, 'character')})`,
    { hint: 'Give at least one letter or digit with --alphabet.' },
  );
}

/** At most this many different texts can be drawn; fewer where marks compose. Of words it is not known. */
export function differentTexts({ from, least, most }: TextSource): number {
  if ('words' in from) return Infinity;
  if ('pattern' in from) return from.pattern.different;
  const solid = from.alphabet.filter(isSolid).length;
  const spaces = from.alphabet.length - solid;
  // How many beginnings of a line end in a solid character, and how many in a space.
  let [afterSolid, afterSpace] = [solid, 0];
  let total = 0;
  for (let length = 1; length <= most && total < Number.MAX_SAFE_INTEGER; length += 1) {
    if (length >= least) total += afterSolid;
    [afterSolid, afterSpace] = [(afterSolid + afterSpace) * solid, afterSolid * spaces];
  }
  return total;
}

function isSolid(character: string): boolean {
  return !INVISIBLE.test(character);
}

function drawText(source: TextSource, random: Random): string {
  if ('words' in source.from) return fromWords(source.from.words, source, random);
  if ('pattern' in source.from) return fromPattern(source.from.pattern, random);
  const length = source.least + random.below(source.most - source.least + 1);
  return fromAlphabet(source.from.alphabet, length, random);
}

/** Uniform over the alphabet; what has no ink neither at an end nor beside another, where nobody could read it. */
function fromAlphabet(alphabet: readonly string[], length: number, random: Random): string {
  const solid = alphabet.filter(isSolid);
  const text: string[] = [];
  while (text.length < length) {
    const atEdge = text.length === 0 || text.length === length - 1 || !isSolid(text.at(-1)!);
    const choice = atEdge ? solid : alphabet;
    text.push(choice[random.below(choice.length)]!);
  }
  return text.join('').normalize('NFC');
}

/** Tries to draw a text that can be seen before there is held to be none. */
const PATTERN_TRIES = 1000;

/** A text of the pattern that has ink, and none of whose ends is a space that nobody could read. */
function fromPattern(pattern: PatternTexts, random: Random): string {
  for (let attempt = 0; attempt < PATTERN_TRIES; attempt += 1) {
    const text = pattern.draw(random).normalize('NFC');
    if (text !== '' && text.trim() === text && characters(text).some(isSolid)) return text;
  }
  throw userError('pattern-without-text', 'the pattern makes no text that can be seen', {
    hint: 'Let --pattern have at least one letter or digit, and no space at its ends.',
  });
}

/** Tries to make a line of words before they are found not to fit. */
const WORD_TRIES = 1000;

/** Whole words with single spaces between them; words longer than a line may be are passed over. */
function fromWords(words: readonly string[], { least, most }: TextSource, random: Random): string {
  const fitting = words.filter((word) => characters(word).length <= most);
  for (let attempt = 0; attempt < (fitting.length === 0 ? 0 : WORD_TRIES); attempt += 1) {
    const wanted = least + random.below(most - least + 1);
    let line = '';
    while (characters(line).length < wanted) {
      const word = fitting[random.below(fitting.length)]!;
      const longer = line === '' ? word : `${line} ${word}`;
      if (characters(longer).length > most) break;
      line = longer;
    }
    if (characters(line).length >= least) return line;
  }
  throw userError(
    'words-do-not-fit',
    `these words make no line of ${least === most ? countText(most, 'character') : `${least} to ${most} characters`}`,
    {
      hint: 'Widen --length, or add words of other lengths.',
    },
  );
}

/** Parses `5..10` (or `7`). Throws `bad-length` (exit code 2). */
export function parseLength(text: string): { least: number; most: number } {
  const match = /^(?<least>\d+)(?:\.\.(?<most>\d+))?$/.exec(text);
  const least = Number(match?.groups?.['least'] ?? 0);
  const most = Number(match?.groups?.['most'] ?? least);
  if (least < 1 || most < least || most > 1000) {
    throw userError('bad-length', `'${text}' is no length of lines`, { hint: 'Write it as 5..10.' });
  }
  return { least, most };
}
