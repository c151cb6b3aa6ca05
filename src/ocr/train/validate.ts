import type { Recogniser } from '../models/recogniser.js';
import type { ImageLoader } from '../loading/image-loader.js';
import { recogniseAll } from '../predict/recognise-all.js';
import { scoreLines, type TextMetrics } from '../text/metrics.js';
import type { CheckedSample } from './data-set.js';

/** Reads the whole validation part: the same figures as `evaluate` gives for these weights. */
export async function validate(
  model: Recogniser,
  samples: readonly CheckedSample[],
  loader: ImageLoader,
  signal?: AbortSignal,
): Promise<TextMetrics> {
  const readings = await recogniseAll(model, {
    items: samples,
    load: ({ image }) => loader.load(image),
    ...(signal ? { signal } : {}),
  });
  return scoreLines(samples.map(({ text }, index) => ({ truth: text, prediction: readings[index]!.text })));
}
