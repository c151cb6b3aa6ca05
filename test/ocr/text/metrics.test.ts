import { describe, expect, it } from 'vitest';
import { editDistance } from '../../../src/ocr/text/edit-distance.js';
import { scoreLine, scoreLines } from '../../../src/ocr/text/metrics.js';
import { sequenceRatio } from '../../../src/ocr/text/sequence-ratio.js';
import fc from '../../rig/fast-check.js';

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'ế', 'e\u0302\u0301', '皖', '😀', 'u\u0364', ' '),
  maxLength: 12,
});

describe('edit distance', () => {
  it('is a metric', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
        expect(editDistance(a, b) === 0).toBe(a.normalize('NFC') === b.normalize('NFC'));
      }),
    );
  });

  it('counts a character outside the basic plane as one edit', () => {
    expect(editDistance('a😀b', 'ab')).toBe(1);
  });
});

describe('line scores', () => {
  it('treat composed and decomposed text alike', () => {
    fc.assert(
      fc.property(text, text, (truth, prediction) => {
        expect(scoreLine(truth.normalize('NFD'), prediction)).toEqual(
          scoreLine(truth, prediction.normalize('NFD')),
        );
      }),
    );
  });

  it('have a ratio between 0 and 1 that is 1 for equal texts alone', () => {
    fc.assert(
      fc.property(text, text, (truth, prediction) => {
        const ratio = sequenceRatio(truth, prediction);
        expect(ratio).toBeGreaterThanOrEqual(0);
        expect(ratio).toBeLessThanOrEqual(1);
        expect(ratio === 1).toBe(truth.normalize('NFC') === prediction.normalize('NFC'));
      }),
    );
  });
});

describe('metrics over lines', () => {
  it('divide all edits by all characters, and edits and hits by lines', () => {
    const rows = [
      { truth: 'abcd', prediction: 'abcd' },
      { truth: 'ab', prediction: 'abcdef' },
    ];
    expect(scoreLines(rows)).toEqual({
      count: 2,
      exact: 0.5,
      cer: 4 / 6,
      levenshtein: 2,
      charF1: (1 + 0.5) / 2,
    });
  });

  it('pass 1 in cer when more is made up than there was', () => {
    expect(scoreLines([{ truth: 'a', prediction: 'bcd' }]).cer).toBe(3);
  });

  it('do not depend on the order of the lines', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ truth: text, prediction: text })), (rows) => {
        const { charF1, ...rest } = scoreLines(rows);
        const { charF1: reversed, ...others } = scoreLines([...rows].reverse());
        expect(others).toEqual(rest);
        expect(reversed).toBeCloseTo(charF1, 12);
      }),
    );
  });

  it('are zero over no lines', () => {
    expect(scoreLines([])).toEqual({ count: 0, exact: 0, cer: 0, levenshtein: 0, charF1: 0 });
  });
});
