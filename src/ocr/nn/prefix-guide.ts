/**
 * What is known of texts besides the image: which of them may be, and how likely they are. A text is followed from its start, label by
 * label; what has been read so far is a state, any number that the guide chose.
 */
export interface PrefixGuide {
  readonly start: number;
  /** The labels that may follow; all if undefined. */
  labelsAfter(state: number): readonly number[] | undefined;
  /** The state after one more label, one of `labelsAfter`. */
  after(state: number, label: number): number;
  /** ln-score that one more label, one of `labelsAfter`, adds. */
  score(state: number, label: number): number;
  /** ln-score that the end of the text adds here; -Infinity where a text cannot end. */
  endScore(state: number): number;
  /** Labels that are missing at least until a text can end; 0 where it can. */
  labelsToEnd(state: number): number;
}

/** Both guides at once: what one forbids is forbidden, scores add up. */
export function bothGuides(first: PrefixGuide, second: PrefixGuide): PrefixGuide {
  const pairs: [number, number][] = [];
  const numbers = new Map<string, number>();
  const numberOf = (a: number, b: number): number => {
    const key = `${a} ${b}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, pairs.length);
    return pairs.push([a, b]) - 1;
  };
  const pair = (state: number): [number, number] => pairs[state]!;
  return {
    start: numberOf(first.start, second.start),
    labelsAfter(state) {
      const [a, b] = pair(state);
      const [here, there] = [first.labelsAfter(a), second.labelsAfter(b)];
      if (here === undefined || there === undefined) return here ?? there;
      const both = new Set(there);
      return here.filter((label) => both.has(label));
    },
    after(state, label) {
      const [a, b] = pair(state);
      return numberOf(first.after(a, label), second.after(b, label));
    },
    score(state, label) {
      const [a, b] = pair(state);
      return first.score(a, label) + second.score(b, label);
    },
    endScore(state) {
      const [a, b] = pair(state);
      return first.endScore(a) + second.endScore(b);
    },
    labelsToEnd(state) {
      const [a, b] = pair(state);
      return Math.max(first.labelsToEnd(a), second.labelsToEnd(b));
    },
  };
}
