import type { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import type { Recogniser } from '../models/recogniser.js';
import { modelReader, type LineReader } from './line-reader.js';
import type { NamedImage } from './list-images.js';
import type { Reading } from './recognise.js';
import { readInWindows } from './recognise-all.js';
import { SizedImageReader } from './sized-image-reader.js';
import { supplyOf, type Supply } from './supply.js';

/** What was read in one image. */
export interface Prediction extends Reading {
  image: string;
}

/** An image that cannot be read. */
export interface Unread {
  image: string;
  error: OcrpipeError;
}

export type Outcome = Prediction | Unread;

/** What reading gave: a prediction for each image that could be read, and an error for each of the others, in the order given. */
interface Predictions {
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
  for await (const part of predictInParts(modelReader(model), supplyOf(images), call)) {
    for (const outcome of part) {
      if ('error' in outcome) all.unreadable.push(outcome.error);
      else all.predictions.push(outcome);
    }
  }
  return all;
}

/**
 * The same part by part, in the order given, one outcome an image: memory stays that of some hundred images. Images that come one by one
 * are read one by one.
 */
export async function* predictInParts(
  lines: LineReader,
  images: Supply<NamedImage>,
  { events, signal }: PredictCall,
): AsyncGenerator<Outcome[]> {
  const key = 'predict';
  const reader = new SizedImageReader(lines.sizes, { events, signal });
  const errors = new Map<NamedImage, OcrpipeError>();
  const total = images.total === undefined ? {} : { total: images.total };
  const job = {
    supply: images,
    load: async (group: readonly NamedImage[]) => {
      const read = await reader.read(group);
      return read.map((image, index) => {
        if (image instanceof Error) errors.set(group[index]!, image);
        return image instanceof Error ? undefined : image;
      });
    },
    onWait: () => {
      reader.hurry();
    },
    onProgress: (done: number) => {
      events({ type: 'progress', key, done, ...total, unit: 'files' });
    },
    ...(signal ? { signal } : {}),
  };
  try {
    for await (const { items, readings } of readInWindows(lines, job)) {
      yield items.map((item, index): Outcome => {
        const reading = readings[index];
        if (reading !== undefined) return { image: item.name, ...reading };
        const error = errors.get(item)!;
        errors.delete(item);
        return { image: item.name, error };
      });
    }
  } finally {
    await reader.close();
    events({ type: 'progress-end', key });
  }
}
