import type { FittedOptions } from '../images/load.js';
import { openReader, type DecoderChoice } from '../models/chosen-decoder.js';
import { closeCommittee, openCommittee, type Committee } from '../models/committee.js';
import { inputExtent } from '../models/model-config.js';
import { readingLimit, readingOptions } from '../models/reading-limit.js';
import type { Recogniser } from '../models/recogniser.js';
import { recogniseBatch, type Reading } from './recognise.js';
import { recogniseTogether, type SizedImage } from './recognise-together.js';

/** What reads lines: one model, or several together. */
export interface LineReader {
  /** The characters that it can write. */
  readonly characters: readonly string[];
  /** The sizes that it wants each image at. */
  readonly sizes: readonly FittedOptions[];
  /** What a batch may hold: images times `widthOf` of the widest. */
  readonly batchArea: number;
  widthOf(image: SizedImage): number;
  /** The result of one image does not depend on the others. Stops where it can when `signal` says so. */
  read(images: readonly SizedImage[], signal?: AbortSignal): Promise<Reading[]>;
}

/** Opens saved models on the current backend for nothing but reading; throws what `openReader` and `openCommittee` throw. */
export function openLineReader(
  folders: readonly string[],
  choice?: DecoderChoice,
): { reader: LineReader; close: () => void } {
  const [only, ...others] = folders;
  if (only !== undefined && others.length === 0) {
    const model = openReader(only, choice);
    const close = (): void => {
      model.network.dispose();
    };
    return { reader: modelReader(model), close };
  }
  const committee = openCommittee(folders, choice);
  const close = (): void => {
    closeCommittee(committee);
  };
  return { reader: committeeReader(committee), close };
}

/** A model as it reads by itself. */
export function modelReader(model: Recogniser): LineReader {
  return {
    characters: model.alphabet.characters,
    sizes: [readingOptions(model)],
    get batchArea() {
      return readingLimit(model).batchPx;
    },
    widthOf: ([image]) => inputExtent(model.config, image!.widthPx).filledPx,
    read: (images) =>
      recogniseBatch(
        model,
        images.map(([image]) => image!),
      ),
  };
}

/** Models as they read together. An image is as wide as it is to the member whose memory it fills most, in shares of a batch of that one. */
function committeeReader(committee: Committee): LineReader {
  const limits = committee.members.map((member) => ({ member, limit: readingLimit(member).batchPx }));
  return {
    characters: committee.alphabet.characters,
    sizes: committee.sizes,
    batchArea: 1,
    widthOf: (image) =>
      Math.max(
        ...limits.map(
          ({ member, limit }) => inputExtent(member.config, image[member.size]!.widthPx).filledPx / limit,
        ),
      ),
    read: (images, signal) => recogniseTogether(committee, images, signal),
  };
}
