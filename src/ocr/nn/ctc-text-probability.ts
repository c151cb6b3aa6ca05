import type { LineScores } from './line-scores.js';

/**
 * ln p of a text given as labels: of all paths through the frames that read as it, whatever each goes through (the forward pass of Graves et al. 2006, section 4.1,
 * scaled at each frame as in Rabiner 1989, section V.A). -Infinity where the frames are too few for it.
 */
export function lnTextProbability(line: LineScores, labels: readonly number[]): number {
  const { lnProbabilities, time, classes, blank } = line;
  const places = 2 * labels.length + 1;
  const classAt = Int32Array.from({ length: places }, (_, place) =>
    place % 2 === 0 ? blank : labels[place >> 1]!,
  );
  const skips = classAt.map((label, place) =>
    place > 1 && label !== blank && label !== classAt[place - 2] ? 1 : 0,
  );
  let here = new Float64Array(places);
  let next = new Float64Array(places);
  here[0] = 1; // A place before the first frame, from which the first two are reached.
  let ln = 0;
  for (let frame = 0; frame < time; frame += 1) {
    const row = frame * classes;
    // Places further on cannot be reached yet, or their text would not end in time.
    const end = Math.min(places, 2 * frame + 2);
    const start = Math.max(0, places - 2 * (time - frame));
    const ofBlank = Math.exp(lnProbabilities[row + blank]!);
    let sum = 0;
    next.fill(0);
    for (let place = start; place < end; place += 1) {
      let before = here[place]!;
      if (place > 0) before += here[place - 1]!;
      if (skips[place] === 1 && frame > 0) before += here[place - 2]!;
      const emitted = place % 2 === 0 ? ofBlank : Math.exp(lnProbabilities[row + classAt[place]!]!);
      sum += next[place] = before * emitted;
    }
    if (sum === 0) return -Infinity;
    for (let place = start; place < end; place += 1) next[place]! /= sum;
    ln += Math.log(sum);
    [here, next] = [next, here];
  }
  const ends = time === 0 ? Number(places === 1) : here[places - 1]! + (places > 1 ? here[places - 2]! : 0);
  return ln + Math.log(ends);
}
