import type { CtcOutputs } from './ctc-decode.js';

/** ln-probabilities of one line. */
export interface LineScores {
  /** Row-major [time, classes]. */
  lnProbabilities: Float64Array;
  time: number;
  classes: number;
  blank: number;
}

/** ln of softmax over the frames of an item that count. */
export function lineScores(outputs: CtcOutputs, item: number): LineScores {
  const { logits, classes, logitLengths } = outputs;
  const time = logitLengths?.[item] ?? outputs.time;
  const lnProbabilities = new Float64Array(time * classes);
  for (let frame = 0; frame < time; frame += 1) {
    const from = (item * outputs.time + frame) * classes;
    let highest = -Infinity;
    for (let c = 0; c < classes; c += 1) highest = Math.max(highest, logits[from + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c += 1) sum += Math.exp(logits[from + c]! - highest);
    const all = highest + Math.log(sum);
    for (let c = 0; c < classes; c += 1) lnProbabilities[frame * classes + c] = logits[from + c]! - all;
  }
  return { lnProbabilities, time, classes, blank: outputs.blank ?? classes - 1 };
}
