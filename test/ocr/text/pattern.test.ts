import { describe, expect, it } from 'vitest';
import { compilePattern, matches, type PatternAutomaton } from '../../../src/ocr/text/pattern.js';
import fc, { runs } from '../../rig/fast-check.js';

const ALPHABET = ['A', 'B', 'Z', '0', '7', 'ä', '京', '-', '.', '😀'];

function accepts(automaton: PatternAutomaton, text: string): boolean {
  return matches(
    automaton,
    Array.from(text, (character) => ALPHABET.indexOf(character)),
  );
}

const atoms = fc.constantFrom(
  ...['A', 'B', '7', 'ä', '京', '😀', '.', '-', '[A-Z]', '[^A-Z]', '[ä😀]', '[\\d-]', '[\\]A]', '\\d', '\\D'],
  ...['\\w', '\\p{Lu}', '\\P{L}', '\\.', '\\-', '\\u0041', '\\u{1f600}', '[\\u{41}-\\u{5A}]'],
);
const counts = fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{0,2}', '{1,}', '{0}', '{2,3}');
const { pattern: patterns } = fc.letrec<{ pattern: string; part: string; group: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie('part'), { maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map((options) => options.map((parts) => parts.join('')).join('|')),
  part: fc.tuple(fc.oneof({ maxDepth: 2 }, atoms, tie('group')), counts).map(([atom, count]) => atom + count),
  group: tie('pattern').map((inner) => `(?:${inner})`),
}));
const texts = fc
  .array(fc.constantFrom(...ALPHABET), { maxLength: 6 })
  .map((characters) => characters.join(''));

describe('a pattern', () => {
  it('accepts the very texts that the regular expression of JavaScript matches as a whole', () => {
    let matched = 0;
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 20, maxLength: 20 }), (pattern, tried) => {
        const expression = new RegExp(`^(?:${pattern.replaceAll('\\-', '-')})$`, 'u');
        let automaton: PatternAutomaton | undefined;
        try {
          automaton = compilePattern(pattern, ALPHABET);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-pattern', exitCode: 2 });
          // Refused for its size, rightly or not: nothing can be compared.
          fc.pre(!String(error).includes('too many ways'));
        }
        for (const text of ['', ...ALPHABET, ...tried]) {
          const matches = expression.test(text);
          matched += matches ? 1 : 0;
          expect(automaton !== undefined && accepts(automaton, text)).toBe(matches);
        }
      }),
      { numRuns: runs(400) },
    );
    expect(matched).toBeGreaterThan(400);
  });

  it('knows how many characters are missing at least', () => {
    const { toEnd, next } = compilePattern('[AB]{2}(7|\\d{3}Z)', ALPHABET);
    const a = ALPHABET.indexOf('A');
    const first = next[0]!.get(a)!;
    expect([toEnd[0], toEnd[first]]).toEqual([3, 2]);
  });

  it('stays small where counts are large', () => {
    const { toEnd } = compilePattern('[A-Z]{1,500}', ALPHABET);
    expect(toEnd.length).toBe(501);
  });

  it.each([
    ['[A-Z', "a '[' has no ']'"],
    ['(A', "a group has no ')'"],
    ['A)', "')' closes no group"],
    ['\\u04', "'\\u' is followed by four hexadecimal digits"],
    ['\\u{ffffff}', 'is no set of characters'],
    ['*A', "'*' repeats nothing"],
    ['A**', 'nothing stands between two counts'],
    ['A{3,1}', 'counts backwards'],
    ['A{x}', 'is no count'],
    ['A{1', "the count has no '}'"],
    ['A{2000}', 'is above 1000'],
    ['^A$', "'^' is not needed"],
    ['\\q', 'is not known'],
    ['A\\', 'nothing follows'],
    ['[Z-A]', 'is no set of characters'],
    ['\\p{Nonsense}', 'is no set of characters'],
    ['(?=A)', "only '(?:' is known"],
    [']', "']' stands alone"],
    ['X+', 'no text of the characters that the model knows'],
    ['(A{1000}){1000}', 'too long'],
    ['(A|B)*A(A|B){18}', 'too many ways'],
  ])('is refused as %s: %s', (pattern, why) => {
    expect(() => compilePattern(pattern, ALPHABET)).toThrow(
      expect.objectContaining({
        code: 'bad-pattern',
        exitCode: 2,
        message: expect.stringContaining(why) as unknown,
      }),
    );
  });
});
