import { z } from 'zod';

/** What a language model has seen, as it stands in a file. */
export const languageModelSchema = z.object({
  /** Characters of an n-gram: the next one and `order - 1` before it. */
  order: z.int().min(1).max(20),
  /**
   * What came before, what came next, and how often. Fewer than `order - 1` characters before are those since the start of a text; an
   * empty next one is its end.
   */
  ngrams: z.array(z.tuple([z.string(), z.string(), z.int().min(1)])),
});

export type LanguageModelData = z.infer<typeof languageModelSchema>;

/** Stands for every place before the start of a text. */
const START = 0;

/** Counts the n-grams of texts given as characters, in the order of their code units. */
export function learnLanguageModel(texts: Iterable<readonly string[]>, order: number): LanguageModelData {
  const counts = new Map<string, [string, string, number]>();
  for (const text of texts) {
    for (let at = 0; at <= text.length; at += 1) {
      const before = text.slice(Math.max(0, at - order + 1), at).join('');
      const next = text[at] ?? '';
      const key = JSON.stringify([before, next]);
      const known = counts.get(key);
      if (known) known[2] += 1;
      else counts.set(key, [before, next, 1]);
    }
  }
  const ngrams = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ngram]) => ngram);
  return { order, ngrams };
}

/** What followed a context: how often all together, how many kinds, and each label how often. */
interface Followers {
  total: number;
  counts: Map<number, number>;
}

/** A state has this many distributions at hand at the most; older ones are computed again. */
const CACHED = 20_000;

/**
 * The probability of the next character given those before it, by the labels of an alphabet; label `size` is the end of the text.
 * Interpolated Witten-Bell smoothing (Witten and Bell 1991, method C; as in Chen and Goodman 1999): after a context that was
 * followed c times by T kinds, p(w|h) = (c(hw) + T · p(w|h')) / (c + T), h' being h without its first character; below the
 * shortest context all are equally likely.
 */
export class LanguageModel {
  readonly order: number;
  readonly #size: number;
  readonly #followers = new Map<string, Followers>();
  readonly #distributions = new Map<string, Float64Array>();

  /** Characters that the alphabet does not have are left out, with what has them before it. */
  constructor({ order, ngrams }: LanguageModelData, alphabet: readonly string[]) {
    this.order = order;
    this.#size = alphabet.length;
    const labels = new Map(alphabet.map((character, label) => [character, label]));
    for (const [before, next, count] of ngrams) {
      const label = next === '' ? this.#size : labels.get(next);
      const context = Array.from(before, (character) => labels.get(character) ?? -1);
      if (label === undefined || context.includes(-1)) continue;
      const padding = new Array<number>(order - 1 - context.length).fill(START);
      this.#count([...padding, ...context.map((known) => known + 1)], label, count);
    }
  }

  #count(context: readonly number[], label: number, count: number): void {
    for (let from = 0; from <= context.length; from += 1) {
      const key = keyOf(context.slice(from));
      let followers = this.#followers.get(key);
      if (!followers) this.#followers.set(key, (followers = { total: 0, counts: new Map() }));
      followers.total += count;
      followers.counts.set(label, (followers.counts.get(label) ?? 0) + count);
    }
  }

  /** Where a text starts. */
  get start(): string {
    return this.#known(keyOf(new Array<number>(this.order - 1).fill(START)));
  }

  /** What is known of a text after one more label. */
  after(context: string, label: number): string {
    const longer = context + keyOf([label + 1]);
    return this.#known(this.order === 1 ? '' : longer.slice(-(this.order - 1)));
  }

  /** ln p of each label, the end of the text last. */
  lnProbabilities(context: string): Float64Array {
    const cached = this.#distributions.get(context);
    if (cached) return cached;
    const probabilities = this.#distribution(context).map(Math.log);
    if (this.#distributions.size >= CACHED) this.#distributions.clear();
    this.#distributions.set(context, probabilities);
    return probabilities;
  }

  #distribution(context: string): Float64Array {
    const lower =
      context === ''
        ? new Float64Array(this.#size + 1).fill(1 / (this.#size + 1))
        : this.#distribution(context.slice(1));
    const followers = this.#followers.get(context);
    if (!followers) return lower;
    const { total, counts } = followers;
    const kinds = counts.size;
    const found = lower.map((probability) => (kinds * probability) / (total + kinds));
    for (const [label, count] of counts) found[label]! += count / (total + kinds);
    return found;
  }

  /** The longest end of a context that was ever followed by anything: what stands before it changes nothing. */
  #known(context: string): string {
    let known = context;
    while (known !== '' && !this.#followers.has(known)) known = known.slice(1);
    return known;
  }
}

/** Labels, each 1 more than it is, as a key: one code unit each. */
function keyOf(labels: readonly number[]): string {
  return String.fromCharCode(...labels);
}
