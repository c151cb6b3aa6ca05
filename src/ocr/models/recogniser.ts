import type { PrefixGuide } from '../nn/prefix-guide.js';
import { alphabetOf, type Alphabet } from '../text/alphabet.js';
import type { DecoderConfig } from './decoder.js';
import type { ModelConfig } from './model-config.js';
import type { Network } from './network.js';
import { newNetwork } from './new-network.js';

/** A model that reads: the network, what its classes mean, and how its scores become text. */
export interface Recogniser {
  readonly config: ModelConfig;
  readonly alphabet: Alphabet;
  readonly network: Network;
  readonly decoder: DecoderConfig;
  /** What the decoder knows of texts besides the image; see `readingGuide`. */
  readonly guide?: PrefixGuide | undefined;
}

/** A recogniser with first weights drawn from `seed`. Its network has one class a character, and one more, the last. */
export function newRecogniser(config: ModelConfig, alphabet: Alphabet, seed: number): Recogniser {
  return {
    config,
    alphabet,
    network: newNetwork(config, alphabet.size + 1, seed),
    decoder: decoderOf(config),
  };
}

/** The same from what `ocrpipe.json` keeps of it; the weights are still to be written. */
export function emptyRecogniser(description: {
  model: ModelConfig;
  alphabet: readonly string[];
  decoder: DecoderConfig;
}): Recogniser {
  const { model, alphabet, decoder } = description;
  return { ...newRecogniser(model, alphabetOf(alphabet), 0), decoder };
}

/** How a new model reads: greedily. */
function decoderOf(config: ModelConfig): DecoderConfig {
  return config.type === 'attention' ? { type: 'attention', beam: 1 } : { type: 'ctc-greedy' };
}
