import fc from '../../rig/fast-check.js';

/** Scores of one line, few enough to go through every path. */
export interface SomeScores {
  logits: Float32Array;
  time: number;
  classes: number;
}

export const someScores = fc
  .record({ time: fc.integer({ min: 1, max: 5 }), classes: fc.integer({ min: 2, max: 4 }) })
  .chain(({ time, classes }) =>
    fc
      .array(fc.integer({ min: -40, max: 40 }), { minLength: time * classes, maxLength: time * classes })
      .map((tenths): SomeScores => ({
        logits: Float32Array.from(tenths, (value) => value / 10),
        time,
        classes,
      })),
  );

/** The probability of every text, by its labels: all ways through the frames, added up by what they read as. */
export function probabilitiesOfTexts({ logits, time, classes }: SomeScores): Map<string, number> {
  let paths: { labels: number[]; last: number; probability: number }[] = [
    { labels: [], last: -1, probability: 1 },
  ];
  for (let frame = 0; frame < time; frame += 1) {
    const row = Array.from(logits.subarray(frame * classes, (frame + 1) * classes), Math.exp);
    const sum = row.reduce((total, value) => total + value, 0);
    paths = paths.flatMap(({ labels, last, probability }) =>
      row.map((value, c) => ({
        labels: c === classes - 1 || c === last ? labels : [...labels, c],
        last: c,
        probability: (probability * value) / sum,
      })),
    );
  }
  const texts = new Map<string, number>();
  for (const { labels, probability } of paths)
    texts.set(labels.join(' '), (texts.get(labels.join(' ')) ?? 0) + probability);
  return texts;
}

/** The labels of a key of it. */
export function labelsOf(key: string): number[] {
  return key === '' ? [] : key.split(' ').map(Number);
}
