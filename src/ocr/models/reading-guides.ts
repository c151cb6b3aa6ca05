import { bothGuides, type PrefixGuide } from '../nn/prefix-guide.js';
import { LanguageModel, type LanguageModelData } from '../text/language-model.js';
import { compilePattern } from '../text/pattern.js';
import type { DecoderConfig } from './decoder.js';

/**
 * What the decoder knows of texts besides the image: pattern, language model, or both; undefined without either. To the language model those of the alphabet that are
 * not `known` (all, unless given) are as probable as the likeliest of the others. Throws `bad-pattern` (exit code 2).
 */
export function readingGuide(
  decoder: DecoderConfig,
  alphabet: readonly string[],
  languageModel: LanguageModelData | undefined,
  known?: (character: string) => boolean,
): PrefixGuide | undefined {
  if (decoder.type === 'ctc-greedy') return undefined;
  if (decoder.type === 'attention') {
    return decoder.pattern === undefined ? undefined : patternGuide(decoder.pattern, alphabet);
  }
  const { pattern, languageModel: how } = decoder;
  const byPattern = pattern === undefined ? undefined : patternGuide(pattern, alphabet);
  const byModel =
    how === undefined || languageModel === undefined
      ? undefined
      : languageGuide(new LanguageModel(languageModel, alphabet), how, known && alphabet.map(known));
  return byPattern && byModel ? bothGuides(byPattern, byModel) : (byPattern ?? byModel);
}

/** Allows the texts that match; all are equally likely. */
function patternGuide(pattern: string, alphabet: readonly string[]): PrefixGuide {
  const { labels, next, toEnd } = compilePattern(pattern, alphabet);
  return {
    start: 0,
    labelsAfter: (state) => labels[state]!,
    after: (state, label) => next[state]!.get(label)!,
    score: () => 0,
    endScore: (state) => (toEnd[state] === 0 ? 0 : -Infinity),
    labelsToEnd: (state) => toEnd[state]!,
  };
}

/** Allows all texts, and adds `weight` · ln p(character) and `bonus` for each character, and `weight` · ln p(end) at the end. */
function languageGuide(
  model: LanguageModel,
  { weight, bonus }: { weight: number; bonus: number },
  known?: readonly boolean[],
): PrefixGuide {
  const contexts: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (context: string): number => {
    const known = numbers.get(context);
    if (known !== undefined) return known;
    numbers.set(context, contexts.length);
    return contexts.push(context) - 1;
  };
  const lnProbability = (state: number, label: number): number => {
    const all = model.lnProbabilities(contexts[state]!);
    if (known?.[label] !== false) return all[label]!;
    return known.reduce((most, isKnown, each) => (isKnown ? Math.max(most, all[each]!) : most), -Infinity);
  };
  return {
    start: numberOf(model.start),
    labelsAfter: () => undefined,
    after: (state, label) => numberOf(model.after(contexts[state]!, label)),
    score: (state, label) => weight * lnProbability(state, label) + bonus,
    endScore: (state) => weight * model.lnProbabilities(contexts[state]!).at(-1)!,
    labelsToEnd: () => 0,
  };
}
