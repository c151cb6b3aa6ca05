import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { align, editDistance } from '../../../src/ocr/text/edit-distance.js';
import { sequenceRatio } from '../../../src/ocr/text/sequence-ratio.js';

const rows = JSON.parse(readFileSync(new URL('../../golden/text-metrics.json', import.meta.url), 'utf8')) as [
  truth: string,
  prediction: string,
  distance: number,
  ratio: number,
][];

it('agrees with Python on the edit distance of 3,000 pairs', () => {
  expect(rows).toHaveLength(3000);
  for (const [truth, prediction, distance] of rows) {
    expect([truth, prediction, editDistance(truth, prediction)]).toEqual([truth, prediction, distance]);
  }
});

it('agrees with difflib on the ratio of 3,000 pairs, to the last bit', () => {
  for (const [truth, prediction, , ratio] of rows) {
    expect([truth, prediction, sequenceRatio(truth, prediction)]).toEqual([truth, prediction, ratio]);
  }
});

it('aligns every pair at the cost of its distance, and both texts can be read off the alignment', () => {
  for (const [truth, prediction, distance] of rows) {
    const pairs = align(truth, prediction);
    expect(pairs.filter((pair) => pair.truth !== pair.prediction)).toHaveLength(distance);
    expect(pairs.map((pair) => pair.truth).join('')).toBe(truth);
    expect(pairs.map((pair) => pair.prediction).join('')).toBe(prediction);
  }
});
