import { availableParallelism } from 'node:os';
import type { OcrpipeError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { loadImage } from './load.js';
import { isUnreadable, unreadableImages } from './unreadable.js';

/** How often progress is reported, in images. */
const REPORT_EVERY = 100;

/**
 * Decodes every image to its end, so that a truncated or foreign file is found now and not in the middle of training.
 * Throws (exit code 2) `image-unreadable` for one that is bad, `images-unreadable` naming them all for several.
 */
export async function verifyImages(
  files: readonly string[],
  { events = noEvents, signal }: { events?: EventSink; signal?: AbortSignal } = {},
): Promise<void> {
  const key = 'check images';
  const broken = new Map<string, OcrpipeError>();
  const all = [...new Set(files)];
  let done = 0;
  const decode = async (file: string): Promise<void> => {
    try {
      await loadImage(file, { channels: 1 });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      broken.set(file, error);
    }
    done += 1;
    if (done % REPORT_EVERY === 0) events({ type: 'progress', key, done, total: all.length, unit: 'files' });
  };
  try {
    await inParallel(all, availableParallelism() + 1, decode, signal);
  } finally {
    events({ type: 'progress-end', key });
  }
  const inOrder = all.flatMap((file) => broken.get(file) ?? []);
  if (inOrder.length > 0) throw unreadableImages(inOrder, all.length);
}
