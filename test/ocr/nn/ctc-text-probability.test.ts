import { describe, expect, it } from 'vitest';
import { ctcForwardBackward } from '../../../src/ocr/nn/ctc-forward-backward.js';
import { lnTextProbability } from '../../../src/ocr/nn/ctc-text-probability.js';
import { lineScores } from '../../../src/ocr/nn/line-scores.js';
import { randomFrom } from '../../../src/base/random.js';
import fc from '../../rig/fast-check.js';
import { labelsOf, probabilitiesOfTexts, someScores, type SomeScores } from './every-path.js';

function lnProbability(line: SomeScores, labels: readonly number[]): number {
  return lnTextProbability(lineScores({ ...line, batch: 1 }, 0), labels);
}

describe('the probability of a text', () => {
  it('is that of all ways through the frames that read so', () => {
    fc.assert(
      fc.property(someScores, (line) => {
        for (const [key, probability] of probabilitiesOfTexts(line))
          expect(lnProbability(line, labelsOf(key))).toBeCloseTo(Math.log(probability), 9);
      }),
    );
  });

  it.each([
    ['more labels than frames', 2, [0, 1, 0]],
    ['a repetition without a frame for the blank between', 3, [0, 0, 1]],
    ['any label in no frame', 0, [0]],
  ])('is none for %s', (_, time, labels) => {
    const line = { logits: new Float32Array(time * 3), time, classes: 3 };
    expect(lnProbability(line, labels)).toBe(-Infinity);
  });

  it('is one for nothing in no frame', () => {
    expect(lnProbability({ logits: new Float32Array(0), time: 0, classes: 3 }, [])).toBe(0);
  });

  it('is that of the loss for a line too long for probabilities that are not scaled', () => {
    const random = randomFrom(1, 'long line');
    const [time, classes] = [900, 40];
    const logits = Float32Array.from({ length: time * classes }, () => random.below(1200) / 100 - 6);
    const labels = Array.from({ length: 200 }, () => random.below(classes - 1));
    const { losses } = ctcForwardBackward({ logits, batch: 1, time, classes, labels: [labels] });
    expect(losses[0]).toBeGreaterThan(1000);
    expect(lnProbability({ logits, time, classes }, labels)).toBeCloseTo(-losses[0]!, 6);
  });
});
