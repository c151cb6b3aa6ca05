import type { PrefixGuide } from '../nn/prefix-guide.js';
import type { LabelReading } from './network.js';

/** A text that is being written. */
interface Hypothesis {
  /** Its row in the decoder's batch. */
  row: number;
  labels: number[];
  confidences: number[];
  logProbability: number;
  /** The guide's state, and what it adds so far. */
  state: number;
  guideScore: number;
}

/** A hypothesis and the class that would come next. */
interface Candidate {
  from: Hypothesis;
  label: number;
  logProbability: number;
  guideScore: number;
}

export interface BeamSearchOptions {
  /** Images that are read at once. */
  items: number;
  /** Texts that are followed for each. */
  beam: number;
  /** The class that ends a text. */
  end: number;
  /** Characters of a text at the most. */
  maxLength: number;
  /** What is known of texts besides the image: only texts that it allows are written, and its scores are added. */
  guide?: PrefixGuide | undefined;
}

/**
 * Beam search for the most probable texts of a decoder that writes one character after the other (Sutskever, Vinyals and Le 2014).
 * Texts are compared by the mean logarithm of the probability of their characters and their end, so that long ones
 * are not at a disadvantage. The decoder's batch holds `beam` rows for each item. Where the guide allows no text of at most `maxLength` characters, one
 * is empty and its confidence is 0.
 */
export class BeamSearch {
  readonly #options: BeamSearchOptions;
  readonly #open: Hypothesis[][];
  readonly #ended: Hypothesis[][];
  #length = 0;

  constructor(options: BeamSearchOptions) {
    const { items, beam, guide } = options;
    const state = guide?.start ?? 0;
    this.#options = options;
    this.#open = Array.from({ length: items }, (_, item) => [
      { row: item * beam, labels: [], confidences: [], logProbability: 0, state, guideScore: 0 },
    ]);
    this.#ended = Array.from({ length: items }, () => []);
  }

  get isDone(): boolean {
    return this.#open.every((hypotheses) => hypotheses.length === 0);
  }

  /** The class last written in each row, `start` before the first; any for a row that nothing follows. */
  characters(start: number): number[] {
    const last = new Array<number>(this.#options.items * this.#options.beam).fill(start);
    for (const { row, labels } of this.#open.flat()) last[row] = labels.at(-1) ?? start;
    return last;
  }

  /**
   * Goes on by one character with the decoder's logits, row-major [items · beam, classes].
   * @returns for each row the row whose state it goes on with
   */
  advance(logits: Float32Array, classes: number): number[] {
    const { beam, maxLength } = this.#options;
    this.#length += 1;
    const parents = Array.from({ length: this.#options.items * beam }, (_, row) => row);
    this.#open.forEach((hypotheses, item) => {
      const candidates = hypotheses
        .flatMap((from) =>
          this.#candidates(from, logits.subarray(from.row * classes, (from.row + 1) * classes)),
        )
        .sort((a, b) => scoreOf(b) - scoreOf(a));
      this.#open[item] = this.#choose(item, candidates).map((candidate, place) => {
        const row = item * beam + place;
        parents[row] = candidate.from.row;
        return { ...this.#written(candidate), row };
      });
      if (this.#length > maxLength || this.#ended[item]!.length >= beam) this.#open[item] = this.#cut(item);
    });
    return parents;
  }

  /** Ends what is still open: at the greatest length, or when enough texts have ended. */
  #cut(item: number): Hypothesis[] {
    if (this.#ended[item]!.length === 0) this.#ended[item]!.push(...this.#open[item]!);
    return [];
  }

  /** The best `beam` candidates that do not end; one among the very best that ends is put with the ended. */
  #choose(item: number, candidates: readonly Candidate[]): Candidate[] {
    const { beam, end, maxLength } = this.#options;
    const isLast = this.#length > maxLength;
    const open: Candidate[] = [];
    for (const [rank, candidate] of candidates.entries()) {
      if (open.length === beam) break;
      if (candidate.label !== end) open.push(candidate);
      else if (rank < beam || isLast)
        // The end has a probability, and no character.
        this.#ended[item]!.push({ ...this.#written(candidate), labels: candidate.from.labels });
    }
    return open;
  }

  /** The best classes of one row: no more than could all be chosen. */
  #candidates(from: Hypothesis, logits: Float32Array): Candidate[] {
    const normaliser = logSumExp(logits);
    const { beam } = this.#options;
    const allowed = this.#allowed(from.state);
    // Without scores of a guide the best are those with the highest logits.
    const best = allowed ? allowed(logits.length) : bestClasses(logits, beam + 1);
    return best.map((label) => ({
      from,
      label,
      logProbability: from.logProbability + logits[label]! - normaliser,
      guideScore: from.guideScore + this.#guideScore(from.state, label),
    }));
  }

  /** The classes that the guide allows in a state, from which a text can still end in time; undefined without a guide. */
  #allowed(state: number): ((classes: number) => number[]) | undefined {
    const { guide, end, maxLength } = this.#options;
    if (!guide) return undefined;
    const left = maxLength - this.#length;
    return (classes) => {
      const labels = guide.labelsAfter(state) ?? Array.from({ length: classes }, (_, label) => label);
      const inTime = labels.filter(
        (label) => label !== end && guide.labelsToEnd(guide.after(state, label)) <= left,
      );
      return guide.endScore(state) === -Infinity ? inTime : [...inTime, end];
    };
  }

  #guideScore(state: number, label: number): number {
    const { guide, end } = this.#options;
    if (!guide) return 0;
    return label === end ? guide.endScore(state) : guide.score(state, label);
  }

  /** The hypothesis of a candidate with one more character. */
  #written({ from, label, logProbability, guideScore }: Candidate): Hypothesis {
    const { guide, end } = this.#options;
    return {
      row: from.row,
      labels: [...from.labels, label],
      confidences: [...from.confidences, Math.exp(logProbability - from.logProbability)],
      logProbability,
      guideScore,
      state: guide && label !== end ? guide.after(from.state, label) : from.state,
    };
  }

  /** The best text of each item. Those that are still open count too. */
  best(): LabelReading[] {
    return this.#ended.map((ended, item) => {
      const texts = ended.length > 0 ? ended : this.#open[item]!;
      const [best] = texts
        .map((text) => ({ ...text, steps: Math.max(1, text.confidences.length) }))
        .sort((a, b) => scoreOf(b) / b.steps - scoreOf(a) / a.steps);
      if (best === undefined) return { labels: [], confidences: [], confidence: 0 };
      const { labels, confidences, logProbability, steps } = best;
      const confidence = Math.exp(logProbability / steps);
      return { labels, confidences: confidences.slice(0, labels.length), confidence };
    });
  }
}

/** What texts are compared by. */
function scoreOf({ logProbability, guideScore }: { logProbability: number; guideScore: number }): number {
  return logProbability + guideScore;
}

function logSumExp(logits: Float32Array): number {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
}

/** The `count` classes with the highest logits, best first; of equal ones the first. */
function bestClasses(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let label = 0; label < logits.length; label += 1) {
    if (best.length === count && logits[best.at(-1)!]! >= logits[label]!) continue;
    const place = best.findIndex((other) => logits[other]! < logits[label]!);
    best.splice(place < 0 ? best.length : place, 0, label);
    if (best.length > count) best.pop();
  }
  return best;
}
