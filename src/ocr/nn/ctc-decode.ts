/** Logits or log-probabilities of a batch to be read. */
export interface CtcOutputs {
  /** Row-major [batch, time, classes]. */
  logits: Float32Array;
  batch: number;
  time: number;
  classes: number;
  /** Time steps that count, for each item; all when absent. */
  logitLengths?: ArrayLike<number> | undefined;
  /** The blank's class; the last one unless given. */
  blank?: number | undefined;
}

/** One item as read. */
export interface CtcReading {
  /** Class numbers, blanks and repetitions removed. */
  labels: number[];
  /** For each label the highest probability among its frames, in 0..1. */
  confidences: number[];
  /** For each label the frame where it is most probable. */
  frames: number[];
  /** Sum of ln p over the frames of the best path. */
  logProbability: number;
}

/** The most probable class of a frame and its probability under softmax. */
interface Best {
  label: number;
  probability: number;
}

/** Best-path decoding (Graves et al. 2006, section 3.2): the best class of each frame, repetitions merged, blanks dropped. */
export function ctcGreedyDecode(outputs: CtcOutputs): CtcReading[] {
  const { batch, time, classes, logits, logitLengths } = outputs;
  const blank = outputs.blank ?? classes - 1;
  return Array.from({ length: batch }, (_, b) => {
    const reading: CtcReading = { labels: [], confidences: [], frames: [], logProbability: 0 };
    let previous = blank;
    for (let t = 0; t < (logitLengths?.[b] ?? time); t++) {
      const best = bestClass(logits, (b * time + t) * classes, classes);
      reading.logProbability += Math.log(best.probability);
      if (best.label !== blank) addFrame(reading, best, t, best.label === previous);
      previous = best.label;
    }
    return reading;
  });
}

function addFrame(reading: CtcReading, best: Best, frame: number, repeated: boolean): void {
  const last = reading.labels.length - 1;
  if (!repeated) {
    reading.labels.push(best.label);
    reading.confidences.push(best.probability);
    reading.frames.push(frame);
  } else if (best.probability > reading.confidences[last]!) {
    reading.confidences[last] = best.probability;
    reading.frames[last] = frame;
  }
}

function bestClass(logits: Float32Array, row: number, classes: number): Best {
  let label = 0;
  let highest = -Infinity;
  for (let c = 0; c < classes; c++) {
    if (logits[row + c]! > highest) {
      highest = logits[row + c]!;
      label = c;
    }
  }
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[row + c]! - highest);
  return { label, probability: 1 / sum };
}
