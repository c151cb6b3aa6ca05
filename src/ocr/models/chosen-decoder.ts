import { userError } from '../../base/errors.js';
import { greedyDecoder, type DecoderConfig } from './decoder.js';
import { readModelFolder } from './model-folder.js';
import { readLanguageModel } from './language-model-file.js';
import { readingGuide } from './reading-guides.js';
import type { Recogniser } from './recogniser.js';

/** How to read, where it is not to be as the model says. */
export interface DecoderChoice {
  decoder?: 'greedy' | 'beam' | undefined;
  /** Texts followed at once. */
  beam?: number | undefined;
  /** Of each image. */
  views?: number | undefined;
  pattern?: string | undefined;
  /** How much the language model counts, and each character by itself. */
  languageWeight?: number | undefined;
  lengthBonus?: number | undefined;
}

/** Texts followed at once, unless something else is said. */
export const USUAL_BEAM = 10;

/**
 * Opens a saved model on the current backend, for nothing but reading, to read as it says, or as `choice` does instead. Throws what `readModelFolder` throws; with
 * exit code 2 `decoder-conflict` for choices that do not go together or with the model, and `bad-pattern`; `model-damaged` for a language model
 * that is not the saved one.
 */
export function openReader(folder: string, choice: DecoderChoice = {}): Recogniser {
  const { recogniser } = readModelFolder(folder);
  try {
    const decoder = chosenDecoder(recogniser.decoder, choice);
    const saved = decoder.type === 'ctc-beam' ? decoder.languageModel : undefined;
    const languageModel = saved && readLanguageModel(folder, saved);
    const guide = readingGuide(decoder, recogniser.alphabet.characters, languageModel);
    recogniser.network.variables.fix();
    return { ...recogniser, decoder, guide };
  } catch (error) {
    recogniser.network.dispose();
    throw error;
  }
}

function chosenDecoder(saved: DecoderConfig, choice: DecoderChoice): DecoderConfig {
  const decoder = withPaths(saved, choice);
  if (choice.views === undefined) return decoder;
  if (decoder.type === 'attention')
    throw conflict(
      `a model with attention takes no ${FLAGS.views}`,
      'Leave it out: views are averaged at time steps, which it has not.',
    );
  return { ...decoder, views: choice.views };
}

function withPaths(saved: DecoderConfig, choice: DecoderChoice): DecoderConfig {
  const guided = ['pattern', 'languageWeight', 'lengthBonus'] as const;
  const given = guided.find((name) => choice[name] !== undefined);
  if (choice.decoder === 'greedy') {
    if (given !== undefined || choice.beam !== undefined) {
      throw conflict(
        `greedy reading follows one text, and takes no ${FLAGS[given ?? 'beam']}`,
        "Leave it out, or use '--decoder beam'.",
      );
    }
    return greedyDecoder(saved);
  }
  if (given === undefined && choice.beam === undefined && choice.decoder === undefined) return saved;
  if (saved.type === 'attention') {
    if (given !== undefined && given !== 'pattern')
      throw conflict(`a model with attention takes no ${FLAGS[given]}`, LANGUAGE_HINT);
    const { pattern = saved.pattern } = choice;
    const beam = choice.beam ?? Math.max(saved.beam, USUAL_BEAM);
    return { ...saved, beam, ...(pattern === undefined ? {} : { pattern }) };
  }
  return guidedBeam(saved, choice);
}

/** What a choice is called where it is given. */
const FLAGS = {
  beam: '--beam',
  views: '--views',
  pattern: '--pattern',
  languageWeight: '--language-weight',
  lengthBonus: '--length-bonus',
};

function guidedBeam(
  saved: Exclude<DecoderConfig, { type: 'attention' }>,
  { beam, pattern, languageWeight, lengthBonus }: DecoderChoice,
): DecoderConfig {
  const before = saved.type === 'ctc-beam' ? saved : undefined;
  const language = before?.languageModel;
  const { views } = saved;
  if (language === undefined && (languageWeight !== undefined || lengthBonus !== undefined)) {
    throw conflict('the model was saved without a language model', LANGUAGE_HINT);
  }
  const chosen = pattern ?? before?.pattern;
  return {
    type: 'ctc-beam',
    beam: beam ?? before?.beam ?? USUAL_BEAM,
    ...(views === undefined ? {} : { views }),
    ...(chosen === undefined ? {} : { pattern: chosen }),
    ...(language === undefined
      ? {}
      : {
          languageModel: {
            ...language,
            weight: languageWeight ?? language.weight,
            bonus: lengthBonus ?? language.bonus,
          },
        }),
  };
}

const LANGUAGE_HINT =
  "A language model is learnt with 'decoder.languageModel' in params.yaml; language models are for models with CTC.";

function conflict(why: string, hint: string): Error {
  return userError('decoder-conflict', `the images cannot be read so: ${why}`, { hint });
}
