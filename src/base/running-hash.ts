import { createHash } from 'node:crypto';
import { ThreadPool } from './thread-pool.js';

/** The SHA-256 of bytes that come piece by piece. End it with `close`. */
export interface RunningHash {
  /** Pieces count in the order of the calls; each must stay as it is until this is done. */
  update(piece: Uint8Array): Promise<void>;
  /** Lower-case hex. */
  digest(): Promise<string>;
  close(): Promise<void>;
}

/** What the thread is told: a piece, or that there are no more. */
export type HashRequest = Uint8Array | 'end';

/** For so many bytes a thread is worth its start. */
const WORTH_BYTES = 256 * 1024 * 1024;

/**
 * A hash of about so many bytes: of many on another thread, where the machine has a core for it. Pieces in shared memory are read there as
 * they lie; others are copied.
 */
export function runningHash(bytes: number): RunningHash {
  const threads = new ThreadPool<HashRequest, string>('hash-worker', { most: 1, callerWorks: true });
  return bytes < WORTH_BYTES || threads.most === 0 ? inline() : onThread(threads);
}

function onThread(threads: ThreadPool<HashRequest, string>): RunningHash {
  return {
    update: async (piece) => {
      await threads.run(piece);
    },
    digest: () => threads.run('end'),
    close: () => threads.close(),
  };
}

function inline(): RunningHash {
  const hash = createHash('sha256');
  return {
    update: (piece) => {
      hash.update(piece);
      return Promise.resolve();
    },
    digest: () => Promise.resolve(hash.digest('hex')),
    close: () => Promise.resolve(),
  };
}
