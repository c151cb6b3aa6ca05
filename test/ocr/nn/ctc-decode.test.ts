import { describe, expect, it } from 'vitest';
import { ctcGreedyDecode } from '../../../src/ocr/nn/ctc-decode.js';

/** Logits whose softmax has the given probabilities. */
function logitsOf(frames: number[][]): Float32Array {
  return Float32Array.from(frames.flat(), (probability) => Math.log(probability));
}

describe('greedy decoding', () => {
  it('merges repetitions, drops blanks, and reads equal neighbours apart by a blank twice', () => {
    const [a, b, blank] = [
      [0.8, 0.1, 0.1],
      [0.1, 0.7, 0.2],
      [0.2, 0.2, 0.6],
    ] as const;
    const frames = [a, a, blank, a, b, b, blank].map((frame) => [...frame]);
    const [reading] = ctcGreedyDecode({ logits: logitsOf(frames), batch: 1, time: 7, classes: 3 });
    expect(reading!.labels).toEqual([0, 0, 1]);
    expect(reading!.frames).toEqual([0, 3, 4]);
    reading!.confidences.forEach((value, i) => {
      expect(value).toBeCloseTo([0.8, 0.8, 0.7][i]!, 6);
    });
    const expected = 3 * Math.log(0.8) + 2 * Math.log(0.7) + 2 * Math.log(0.6);
    expect(reading!.logProbability).toBeCloseTo(expected, 5);
  });

  it('takes the surest frame of a character for its confidence', () => {
    const frames = [
      [0.5, 0.4, 0.1],
      [0.9, 0.05, 0.05],
      [0.6, 0.3, 0.1],
    ];
    const [reading] = ctcGreedyDecode({ logits: logitsOf(frames), batch: 1, time: 3, classes: 3 });
    expect(reading!.labels).toEqual([0]);
    expect(reading!.frames).toEqual([1]);
    expect(reading!.confidences[0]).toBeCloseTo(0.9, 6);
  });

  it('reads each item up to its own length', () => {
    const frames = [
      [0.9, 0.1],
      [0.1, 0.9],
      [0.9, 0.1],
      [0.9, 0.1],
    ];
    const outputs = { logits: logitsOf(frames), batch: 2, time: 2, classes: 2, logitLengths: [0, 1] };
    const readings = ctcGreedyDecode(outputs);
    expect(readings.map(({ labels }) => labels)).toEqual([[], [0]]);
    expect(readings[0]!.logProbability).toBe(0);
  });
});
