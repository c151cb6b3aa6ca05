import type { Recogniser } from '../models/recogniser.js';
import { recogniseAll } from '../predict/recognise-all.js';
import { scoreLines, type TextMetrics } from '../text/metrics.js';
import type { CheckedSample } from './data-set.js';
import type { ImageCache } from './image-cache.js';

/** Reads the whole validation part: the same figures as `evaluate` gives for these weights. */
export async function validate(
  model: Recogniser,
  samples: readonly CheckedSample[],
  cache: ImageCache,
  signal?: AbortSignal,
): Promise<TextMetrics> {
  const readings = await recogniseAll(model, {
    items: samples,
    load: ({ file }) => cache.load(file),
    ...(signal ? { signal } : {}),
  });
  return scoreLines(samples.map(({ text }, index) => ({ truth: text, prediction: readings[index]!.text })));
}
