import { alphabetOf, type Alphabet } from '../text/alphabet.js';
import { Crnn } from './crnn.js';
import type { ModelConfig } from './model-config.js';

/** A model that reads: the network, and what its classes mean. */
export interface Recogniser {
  readonly config: ModelConfig;
  readonly alphabet: Alphabet;
  readonly network: Crnn;
}

/** A recogniser with first weights drawn from `seed`. Its network has one class a character, and CTC's blank last. */
export function newRecogniser(config: ModelConfig, alphabet: Alphabet, seed: number): Recogniser {
  return { config, alphabet, network: new Crnn(config, alphabet.size + 1, seed) };
}

/** The same from what `ocrpipe.json` keeps of it; the weights are still to be written. */
export function emptyRecogniser(config: ModelConfig, characters: readonly string[]): Recogniser {
  return newRecogniser(config, alphabetOf(characters), 0);
}
