import type { FittedOptions } from '../images/load.js';
import { tensorMemoryBytes } from '../nn/tensor-memory.js';
import { columnsThatFit, readingNeed } from './memory-need.js';
import { imageFit } from './model-config.js';
import type { Recogniser } from './recogniser.js';

/** More at once reads no faster. */
const BATCH_BYTES = 2 ** 30;

/** How wide a model can read on the current backend, in pixels of width at its height. */
export interface ReadingLimit {
  /** Of one image. */
  widestPx: number;
  /** Of one batch, all images filled up to the widest. */
  batchPx: number;
}

/** What decides how much memory reading takes; without a decoder it is greedy. */
type ReadingModel = Pick<Recogniser, 'config' | 'alphabet'> & Partial<Pick<Recogniser, 'decoder'>>;

/** Throws `out-of-memory` (exit code 2) if the model alone is too large. */
export function readingLimit({ config, alphabet, decoder }: ReadingModel): ReadingLimit {
  const beam = decoder?.type === 'attention' ? decoder.beam : 1;
  const need = readingNeed(config, alphabet.size + 1, beam);
  const memoryBytes = tensorMemoryBytes();
  const inBatch = { ...need, fixedBytes: 0 };
  return {
    widestPx: columnsThatFit(need, memoryBytes),
    batchPx: columnsThatFit(inBatch, Math.min(BATCH_BYTES, memoryBytes)),
  };
}

/** How images are loaded for a model: at its height, and none wider than it can read. */
export function readingOptions(model: ReadingModel): FittedOptions {
  const { widestPx } = readingLimit(model);
  return { channels: model.config.channels, fit: imageFit(model.config), widestPx };
}
