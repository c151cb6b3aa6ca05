import type { Recogniser } from '../models/recogniser.js';
import type { ImageLoader } from '../loading/image-loader.js';
import { recogniseAll } from '../predict/recognise-all.js';
import { textScore, type TextMetrics } from '../text/metrics.js';
import type { SampleTable } from './sample-table.js';

/** What a validation found. */
export interface Validation {
  metrics: TextMetrics;
  /** What was read in each image. */
  texts: string[];
}

/** Reads the whole validation part: the same figures as `evaluate` gives for these weights. */
export async function validate(
  model: Recogniser,
  samples: SampleTable,
  loader: ImageLoader,
  signal?: AbortSignal,
): Promise<Validation> {
  const read = await recogniseAll(model, {
    items: Array.from(samples, ({ image }) => image),
    load: (image) => loader.load(image),
    keep: ({ text }) => text,
    ...(signal ? { signal } : {}),
  });
  const texts = read.map((text) => text!);
  const score = textScore();
  for (const [index, truth] of [...samples.texts()].entries()) score.add(truth, texts[index]!);
  return { metrics: score.metrics(), texts };
}
