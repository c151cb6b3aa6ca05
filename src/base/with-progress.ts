import { setImmediate } from 'node:timers/promises';
import { noEvents, type EventSink, type OcrpipeEvent } from './events.js';

/** Progress is shown, and signals are heard, so often. */
const BREATH_MS = 50;

/** What people see of a piece of work. */
type Shown = Pick<Extract<OcrpipeEvent, { type: 'progress' }>, 'key' | 'total' | 'unit'>;

/** To be called, with how much is done by then, wherever the work may stop: throws once it was told to. */
export type Breathe = (done: number) => Promise<void>;

/**
 * Does a piece of work that would hold up the process, letting it show how far it is and hear signals: at its first breath, and
 * then now and again.
 */
export async function withProgress<T>(
  shown: Shown,
  { events = noEvents, signal }: { events?: EventSink; signal?: AbortSignal },
  work: (breathe: Breathe) => Promise<T>,
): Promise<T> {
  let last: number | undefined;
  const breathe = async (done: number): Promise<void> => {
    if (last !== undefined && performance.now() - last < BREATH_MS) return;
    events({ type: 'progress', ...shown, done });
    await setImmediate();
    signal?.throwIfAborted();
    last = performance.now();
  };
  try {
    return await work(breathe);
  } finally {
    if (last !== undefined) events({ type: 'progress-end', key: shown.key });
  }
}

/** Fewer names than this are done before anybody could see how far it is. */
const MANY = 64;

/** The same where the work is on `total` names, most often one or a few: then nothing is shown. */
export function withProgressOfMany<T>(
  shown: Shown & { total: number },
  options: { events?: EventSink; signal?: AbortSignal },
  work: (breathe: Breathe) => Promise<T>,
): Promise<T> {
  return shown.total > MANY ? withProgress(shown, options, work) : work(() => Promise.resolve());
}
