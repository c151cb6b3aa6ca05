import type { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { loadImage, type Pixels } from '../images/load.js';
import { isUnreadable } from '../images/unreadable.js';
import { readingOptions } from '../models/reading-limit.js';
import type { Recogniser } from '../models/recogniser.js';
import type { NamedImage } from './list-images.js';
import type { Reading } from './recognise.js';
import { readInWindows } from './recognise-all.js';

/** One line of `predict`. */
export interface Prediction extends Reading {
  image: string;
}

/** What reading gave: a prediction for each image that could be read, and an error for each of the others, in the order given. */
export interface Predictions {
  predictions: Prediction[];
  unreadable: OcrpipeError[];
}

interface PredictCall {
  events: EventSink;
  signal?: AbortSignal | undefined;
}

/** Reads image files with a model. An image that cannot be read does not keep the others from being read. */
export async function predictFiles(
  model: Recogniser,
  images: readonly NamedImage[],
  call: PredictCall,
): Promise<Predictions> {
  const all: Predictions = { predictions: [], unreadable: [] };
  for await (const { predictions, unreadable } of predictInParts(model, images, call)) {
    all.predictions.push(...predictions);
    all.unreadable.push(...unreadable);
  }
  return all;
}

/** The same part by part, some hundred images each, in the order given: memory stays that of one part. */
export async function* predictInParts(
  model: Recogniser,
  images: readonly NamedImage[],
  call: PredictCall,
): AsyncGenerator<Predictions> {
  const options = readingOptions(model);
  const key = 'predict';
  const errors = new Map<NamedImage, OcrpipeError>();
  const load = async (image: NamedImage): Promise<Pixels | undefined> => {
    try {
      return await loadImage(image.file, options, image.name);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      errors.set(image, error);
      return undefined;
    }
  };
  const onProgress = (done: number): void => {
    call.events({ type: 'progress', key, done, total: images.length, unit: 'files' });
  };
  const job = { items: images, load, onProgress, ...(call.signal ? { signal: call.signal } : {}) };
  try {
    for await (const { start, readings } of readInWindows(model, job)) {
      const part: Predictions = { predictions: [], unreadable: [] };
      readings.forEach((reading, index) => {
        const image = images[start + index]!;
        if (reading !== undefined) part.predictions.push({ image: image.name, ...reading });
        else part.unreadable.push(errors.get(image)!);
        errors.delete(image);
      });
      yield part;
    }
  } finally {
    call.events({ type: 'progress-end', key });
  }
}
