import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { patternTexts } from '../../../src/ocr/synth/pattern-texts.js';
import { drawTexts } from '../../../src/ocr/synth/texts.js';
import fc, { runs } from '../../rig/fast-check.js';

const letters = Array.from('XYZ1');

function drawn(pattern: string, count: number, alphabet = letters): string[] {
  const texts = patternTexts(pattern, alphabet);
  return drawTexts({ least: texts.least, most: texts.most, from: { pattern: texts } }, count, randomFrom(5));
}

const piece = fc.constantFrom('a', '[b-d]', '\\d', '(?:e|fg)', '[^Y1]', '.', '\\p{Lu}', '(h|ij{2})');
const count = fc.constantFrom('', '?', '*', '+', '{2}', '{1,3}', '{2,}');

describe('texts of a pattern', () => {
  it('match it as JavaScript says, and keep to its shortest and longest', () => {
    const patterns = fc.array(fc.tuple(piece, count), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(patterns, (parts) => {
        const pattern = `k${parts.map((part) => part.join('')).join('')}`;
        const { least, most } = patternTexts(pattern, letters);
        for (const text of drawn(pattern, 20)) {
          expect(text).toMatch(new RegExp(`^(?:${pattern})$`, 'u'));
          expect(text.length).toBeGreaterThanOrEqual(least);
          expect(text.length).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: runs(30) },
    );
  });

  it('are all that there are', () => {
    expect(new Set(drawn('[ab]{0,2}(?:c|d)', 400))).toEqual(
      new Set(['', 'a', 'b', 'aa', 'ab', 'ba', 'bb'].flatMap((start) => [`${start}c`, `${start}d`])),
    );
    expect(patternTexts('[ab]{0,2}(?:c|d)', []).different).toBe(14);
  });

  it('have what a set names, and of sets that name nothing the characters of the alphabet', () => {
    expect(new Set(drawn('[皖浙]', 40))).toEqual(new Set(['皖', '浙']));
    expect(new Set(drawn('.', 80))).toEqual(new Set(letters));
    expect(new Set(drawn('[^X]', 80))).toEqual(new Set(['Y', 'Z', '1']));
    expect(new Set(drawn('\\p{L}', 80))).toEqual(new Set(['X', 'Y', 'Z']));
  });

  it.each(['\\p{Lu}[^A-Z]x', ' *', '\\s{2}'])('are refused where there are none: %j', (pattern) => {
    expect(() => drawn(pattern, 1, ['a'])).toThrow(
      expect.objectContaining({ code: 'pattern-without-text', exitCode: 2 }),
    );
  });
});
