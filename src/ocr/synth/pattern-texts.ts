import { userError } from '../../base/errors.js';
import type { Random } from '../../base/random.js';
import { parsePattern, type PatternNode } from '../text/pattern-parser.js';

/** Texts that a pattern matches, ready to be drawn from. */
export interface PatternTexts {
  /** Characters of the shortest and of the longest text that is drawn. */
  readonly least: number;
  readonly most: number;
  /** No more different texts than these are drawn. */
  readonly different: number;
  draw(random: Random): string;
}

/** `*`, `+` and `{n,}` are drawn up to so many times more often than at least. */
const REPEATS_WITHOUT_BOUND = 8;

/**
 * Draws from what `pattern` matches (see {@link parsePattern}): each set of characters, each `|` and each count evenly. A set that does not
 * name its characters (`.`, `[^A]`, `\p{L}`) has those of `alphabet` that match. Throws `bad-pattern`, and `pattern-without-text` where a
 * set has none (exit code 2).
 */
export function patternTexts(pattern: string, alphabet: readonly string[]): PatternTexts {
  return compile(parsePattern(pattern), pattern, alphabet);
}

function compile(node: PatternNode, pattern: string, alphabet: readonly string[]): PatternTexts {
  const inner = (part: PatternNode) => compile(part, pattern, alphabet);
  switch (node.kind) {
    case 'one':
      return oneOf(fitting(node.source, pattern, alphabet));
    case 'sequence':
      return inSequence(node.parts.map(inner));
    case 'choice':
      return choiceOf(node.options.map(inner));
    case 'repeat':
      return repeated(inner(node.of), node.least, Math.min(node.most, node.least + REPEATS_WITHOUT_BOUND));
  }
}

function fitting(source: string, pattern: string, alphabet: readonly string[]): string[] {
  const test = new RegExp(`^(?:${source})$`, 'u');
  const candidates = NAMES_NO_CHARACTERS.test(source) ? alphabet : drawable();
  const found = candidates.filter((character) => test.test(character));
  if (found.length > 0) return found;
  throw userError('pattern-without-text', `no character of the alphabet fits '${source}' in '${pattern}'`, {
    hint: 'Name such characters in --pattern, or in --alphabet.',
  });
}

/** `.` (as the parser writes it), `[^…]`, and classes that are most of Unicode. */
const NAMES_NO_CHARACTERS = /^\[\^|\\[pPDSW]/;
/** Planes 3 to 16 hold rare ideographs, private characters, and what no font draws. */
const LAST_DRAWABLE = 0x2ffff;
const DRAWABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

let known: readonly string[] | undefined;

function drawable(): readonly string[] {
  known ??= Array.from({ length: LAST_DRAWABLE + 1 }, (_, code) => String.fromCodePoint(code)).filter(
    (character) => DRAWABLE.test(character),
  );
  return known;
}

function oneOf(characters: readonly string[]): PatternTexts {
  const draw = (random: Random) => characters[random.below(characters.length)]!;
  return { least: 1, most: 1, different: characters.length, draw };
}

function inSequence(parts: readonly PatternTexts[]): PatternTexts {
  return {
    least: sum(parts.map(({ least }) => least)),
    most: sum(parts.map(({ most }) => most)),
    different: parts.reduce((product, { different }) => product * different, 1),
    draw: (random) => parts.map((part) => part.draw(random)).join(''),
  };
}

function choiceOf(options: readonly PatternTexts[]): PatternTexts {
  return {
    least: Math.min(...options.map(({ least }) => least)),
    most: Math.max(...options.map(({ most }) => most)),
    different: sum(options.map(({ different }) => different)),
    draw: (random) => options[random.below(options.length)]!.draw(random),
  };
}

function repeated(of: PatternTexts, least: number, most: number): PatternTexts {
  const counts = Array.from({ length: most - least + 1 }, (_, index) => least + index);
  return {
    least: of.least * least,
    most: of.most * most,
    different: sum(counts.map((count) => of.different ** count)),
    draw(random) {
      const count = counts[random.below(counts.length)]!;
      return Array.from({ length: count }, () => of.draw(random)).join('');
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
