import type { MessagePort } from 'node:worker_threads';
import type { ErrorParts } from './loader-protocol.js';

/** What a watched thread is started with. */
export interface WatchedThreadData {
  /** For the program. */
  data: unknown;
  /** Two 32-bit numbers that say what the thread does now: see {@link NOW_REQUEST}. */
  now: Int32Array<SharedArrayBuffer>;
}

/** Places in `now`: how many requests the thread has begun, and how many items of the last one. */
export const NOW_REQUEST = 0;
export const NOW_ITEM = 1;

/** What a thread answers to each request, in their order. */
export type Reply<Answer> = { answer: Answer; transfer?: ArrayBuffer[] } | { refusal: ErrorParts };

/** What a program is given beside a request: `begin` is called before work on each of its items, in order. */
export interface Serving {
  data: unknown;
  begin: (item: number) => void;
}

/** The loop of a watched thread: takes one request after the other and lets others see what it is at. */
export function serveRequests(
  port: MessagePort,
  { data, now }: WatchedThreadData,
  program: (request: unknown, serving: Serving) => Promise<Reply<unknown>>,
): void {
  const begin = (item: number): void => {
    Atomics.store(now, NOW_ITEM, item + 1);
  };
  let last = Promise.resolve();
  port.on('message', (request: unknown) => {
    last = last.then(async () => {
      // In this order: whoever looks in between sees a request of which nothing has begun.
      Atomics.store(now, NOW_ITEM, 0);
      Atomics.add(now, NOW_REQUEST, 1);
      const reply = await program(request, { data, begin });
      port.postMessage(reply, 'answer' in reply ? (reply.transfer ?? []) : []);
    });
  });
}
