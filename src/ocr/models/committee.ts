import { userError } from '../../base/errors.js';
import type { FittedOptions } from '../images/load.js';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import { alphabetOf, type Alphabet } from '../text/alphabet.js';
import { openReader, type DecoderChoice } from './chosen-decoder.js';
import { CtcNetwork } from './ctc-network.js';
import type { DecoderConfig } from './decoder.js';
import { readLanguageModel } from './language-model-file.js';
import { readingGuide } from './reading-guides.js';
import { readingOptions } from './reading-limit.js';
import type { Recogniser } from './recogniser.js';

/** Models that read each image together. */
export interface Committee {
  readonly members: readonly Member[];
  /** All characters that any of them can write; those of the first stand first. */
  readonly alphabet: Alphabet;
  /** The sizes that images are loaded at, each once. */
  readonly sizes: readonly FittedOptions[];
}

/** One model of several. */
export interface Member extends Recogniser {
  readonly network: CtcNetwork;
  /** What its decoder knows of texts besides the image, in labels of the committee's alphabet. */
  readonly textGuide: PrefixGuide | undefined;
  /** The place of the images that it reads among the committee's `sizes`. */
  readonly size: number;
}

/**
 * Opens saved models on the current backend to read together, each as it says, or as `choice` does instead. Throws what `openReader` throws, and `committee-conflict` (exit code 2) for a
 * model that has no time steps by which texts could be weighed.
 */
export function openCommittee(folders: readonly string[], choice: DecoderChoice = {}): Committee {
  const opened: OpenedMember[] = [];
  try {
    for (const folder of folders) opened.push(openMember(folder, choice));
    return assembled(opened);
  } catch (error) {
    for (const { recogniser } of opened) recogniser.network.dispose();
    throw error;
  }
}

export function closeCommittee({ members }: Committee): void {
  for (const { network } of members) network.dispose();
}

interface OpenedMember {
  folder: string;
  recogniser: Recogniser & { network: CtcNetwork };
}

function openMember(folder: string, choice: DecoderChoice): OpenedMember {
  const recogniser = openReader(folder, choice);
  const { network } = recogniser;
  if (network instanceof CtcNetwork) return { folder, recogniser: { ...recogniser, network } };
  network.dispose();
  throw userError('committee-conflict', 'a model with attention cannot read together with others', {
    location: { file: folder },
    hint: 'Leave it out: texts are weighed by the time steps of each model, which it has not.',
  });
}

function assembled(opened: readonly OpenedMember[]): Committee {
  const recognisers = opened.map(({ recogniser }) => recogniser);
  const alphabet = alphabetOf([...new Set(recognisers.flatMap((each) => each.alphabet.characters))]);
  const sizes = new Map<string, FittedOptions>();
  for (const each of recognisers) {
    const options = readingOptions(each);
    const key = sizeKey(options);
    const known = sizes.get(key);
    // Models of one size share their images, none wider than the one that can read least wide reads.
    if (known === undefined || (known.widestPx ?? Infinity) > (options.widestPx ?? Infinity))
      sizes.set(key, options);
  }
  const keys = [...sizes.keys()];
  const members = opened.map(({ folder, recogniser }) => ({
    ...recogniser,
    textGuide: textGuide(folder, recogniser, alphabet),
    size: keys.indexOf(sizeKey(readingOptions(recogniser))),
  }));
  return { members, alphabet, sizes: [...sizes.values()] };
}

function sizeKey({ channels, fit }: FittedOptions): string {
  return JSON.stringify([channels, fit]);
}

/** The guide of a member, which goes by its own labels, for the labels of `alphabet`. */
function textGuide(
  folder: string,
  { decoder, guide, ...own }: Recogniser,
  alphabet: Alphabet,
): PrefixGuide | undefined {
  if (guide === undefined || own.alphabet.characters.join('') === alphabet.characters.join('')) return guide;
  const known = new Set(own.alphabet.characters);
  return readingGuide(decoder, alphabet.characters, languageModelOf(folder, decoder), (each) =>
    known.has(each),
  );
}

function languageModelOf(
  folder: string,
  decoder: DecoderConfig,
): ReturnType<typeof readLanguageModel> | undefined {
  const saved = decoder.type === 'ctc-beam' ? decoder.languageModel : undefined;
  return saved && readLanguageModel(folder, saved);
}
