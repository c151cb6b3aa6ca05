import type { LineScores } from './line-scores.js';

/** Where labels stand in the frames of a line. */
export interface Alignment {
  /** For each label the frame where it is most probable, of those that the best path gives it. */
  frames: number[];
  /** The probability of each label in that frame. */
  confidences: number[];
}

/** The most probable path through the frames that reads as `labels` (Viterbi). No frames are left out; the labels must fit into them. */
export function alignLabels(line: LineScores, labels: readonly number[]): Alignment {
  const places = bestPath(line, labels);
  const frames = labels.map(() => -1);
  const confidences = labels.map(() => 0);
  places.forEach((place, frame) => {
    if (place % 2 === 0) return;
    const at = place >> 1;
    const probability = Math.exp(line.lnProbabilities[frame * line.classes + labels[at]!]!);
    if (frames[at] !== -1 && probability <= confidences[at]!) return;
    frames[at] = frame;
    confidences[at] = probability;
  });
  return { frames, confidences };
}

/** For each frame its place in blank, label, blank, label, …, blank. */
function bestPath(
  { lnProbabilities, time, classes, blank }: LineScores,
  labels: readonly number[],
): number[] {
  const places = 2 * labels.length + 1;
  const classAt = (place: number): number => (place % 2 === 0 ? blank : labels[place >> 1]!);
  let scores = new Float64Array(places).fill(-Infinity);
  const cameFrom: Uint8Array[] = [];
  for (let frame = 0; frame < time; frame += 1) {
    const next = new Float64Array(places).fill(-Infinity);
    const steps = new Uint8Array(places);
    for (let place = 0; place < places; place += 1) {
      const skips = place % 2 === 1 && place > 1 && classAt(place) !== classAt(place - 2);
      for (let step = 0; step <= (skips ? 2 : 1); step += 1) {
        // Before the first frame only its first two places are reached, at no cost.
        const before =
          frame === 0 ? (place - step === 0 && place <= 1 ? 0 : -Infinity) : scores[place - step];
        if (before === undefined || before <= next[place]!) continue;
        next[place] = before;
        steps[place] = step;
      }
      next[place]! += lnProbabilities[frame * classes + classAt(place)]!;
    }
    scores = next;
    cameFrom.push(steps);
  }
  let place = places > 1 && scores[places - 2]! > scores[places - 1]! ? places - 2 : places - 1;
  const path = new Array<number>(time);
  for (let frame = time - 1; frame >= 0; frame -= 1) {
    path[frame] = place;
    place -= cameFrom[frame]![place]!;
  }
  return path;
}
