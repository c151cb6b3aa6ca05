import { availableParallelism } from 'node:os';
import { noEvents, type EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { loadImage } from './load.js';

/** How often progress is reported, in images. */
const REPORT_EVERY = 100;

/**
 * Decodes every image to its end, so that a truncated or foreign file is found now and not in the middle of training.
 * Throws `image-unreadable` (exit code 2) naming one that is bad, and looks at no more of them then.
 */
export async function verifyImages(
  files: readonly string[],
  { events = noEvents, signal }: { events?: EventSink; signal?: AbortSignal } = {},
): Promise<void> {
  const key = 'check images';
  let done = 0;
  const decode = async (file: string): Promise<void> => {
    await loadImage(file, { channels: 1 });
    done += 1;
    if (done % REPORT_EVERY === 0)
      events({ type: 'progress', key, done, total: files.length, unit: 'files' });
  };
  try {
    await inParallel([...new Set(files)], availableParallelism() + 1, decode, signal);
  } finally {
    events({ type: 'progress-end', key });
  }
}
