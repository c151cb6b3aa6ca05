import type { Alphabet } from '../text/alphabet.js';
import type { Pixels } from '../images/load.js';
import { inputExtent } from '../models/model-config.js';
import { batchArray, toImageBatch, withBatchSize } from '../models/image-batch.js';
import type { LabelReading } from '../models/network.js';
import type { Recogniser } from '../models/recogniser.js';

/** What a model read in one image. */
export interface Reading {
  text: string;
  /** Geometric mean of the best path's probabilities over its steps, 0 to 1. */
  confidence: number;
  /** The characters of the text, one a class: some are written with several code points. */
  characters: ReadCharacter[];
}

/** One character as it was read. */
export interface ReadCharacter {
  text: string;
  /** Its probability where it is highest, 0 to 1. */
  confidence: number;
  /** The time step where it is highest, and where that is: a share of the image's width, 0 to 1. Models without time steps know neither. */
  step?: number;
  at?: number;
}

/**
 * Reads images of the model's height together. The result of one does not depend on the others. Throws `out-of-memory`
 * (exit code 2), naming the size of the batch.
 */
export async function recogniseBatch(
  { network, config, alphabet, decoder, guide }: Recogniser,
  images: readonly Pixels[],
): Promise<Reading[]> {
  if (images.length === 0) return [];
  const array = batchArray(images, config);
  const batch = toImageBatch(array);
  try {
    const readings = await network.read(batch, decoder, guide);
    return readings.map((reading, index) => {
      const { widthPx } = images[index]!;
      const { steps, filledPx } = inputExtent(config, widthPx);
      const stepShare = filledPx / steps / widthPx;
      const characters = charactersOf(reading, alphabet, stepShare);
      return { text: alphabet.decode(reading.labels), confidence: reading.confidence, characters };
    });
  } catch (error) {
    throw withBatchSize(error, array);
  } finally {
    batch.images.dispose();
  }
}

/** `stepShare`: how much of an image's width one time step covers. */
function charactersOf(
  { labels, confidences, steps }: LabelReading,
  alphabet: Alphabet,
  stepShare: number,
): ReadCharacter[] {
  return labels.map((label, index) => {
    const character = { text: alphabet.decode([label]), confidence: confidences[index]! };
    const step = steps?.[index];
    return step === undefined ? character : { ...character, step, at: Math.min(1, (step + 0.5) * stepShare) };
  });
}
