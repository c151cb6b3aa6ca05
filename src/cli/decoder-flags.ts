import * as Flags from '@oclif/core/flags';
import { integerFlag, numberFlag } from './number-flag.js';

/** Options of the flag that names what reads. */
export const modelsFlag = {
  multiple: true,
  multipleNonGreedy: true,
  helpValue: 'DIR',
  description: 'a saved model; several, or a folder with models in it, read together',
} as const;

/** How a model reads, where it is not to be as the model says. */
export const decoderFlags = {
  decoder: Flags.option({
    options: ['greedy', 'beam'] as const,
    helpValue: 'NAME',
    description:
      'the best character of each step, or the most probable text of several (default: as the model says)',
  })(),
  beam: integerFlag({ description: 'texts that are followed at once (default: 10)', min: 1, max: 1000 }),
  views: integerFlag({
    description:
      'slightly moved versions of each image whose readings are averaged, 1 to 7: more accurate, and as many times slower',
    min: 1,
    max: 7,
  }),
  pattern: Flags.string({
    helpValue: 'PATTERN',
    description: "regular expression that each whole text matches, such as '[A-Z]{2}\\d{4}'",
  }),
  'language-weight': numberFlag({
    description: "how much the model's language model counts",
    min: 0,
    max: 10,
  }),
  'length-bonus': numberFlag({
    description: 'ln-score of each character beside the language model',
    min: -20,
    max: 20,
  }),
};

/** What was given, as a reader takes it. */
export function decoderChoice(flags: {
  decoder?: 'greedy' | 'beam' | undefined;
  beam?: number | undefined;
  views?: number | undefined;
  pattern?: string | undefined;
  'language-weight'?: number | undefined;
  'length-bonus'?: number | undefined;
}): {
  decoder: 'greedy' | 'beam' | undefined;
  beam: number | undefined;
  views: number | undefined;
  pattern: string | undefined;
  languageWeight: number | undefined;
  lengthBonus: number | undefined;
} {
  const { decoder, beam, views, pattern } = flags;
  return {
    decoder,
    beam,
    views,
    pattern,
    languageWeight: flags['language-weight'],
    lengthBonus: flags['length-bonus'],
  };
}
