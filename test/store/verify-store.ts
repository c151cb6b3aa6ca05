import { checkFile } from '../../src/store/fsck/check-file.js';
import type { Finding } from '../../src/store/fsck/finding.js';
import { listStore } from '../../src/store/fsck/store-files.js';
import type { LocalStore } from '../../src/store/local-store.js';

export interface VerifyOptions {
  signal?: AbortSignal;
  /** Called with the number of bytes of each object that was read. */
  onChecked?: (bytes: number) => void;
}

/** Reads every byte of a store, one file after the other in this thread, and yields what is wrong. */
export function* verifyStore(store: LocalStore, options: VerifyOptions = {}): Generator<Finding> {
  const { signal, onChecked = () => undefined } = options;
  const watch = { stopped: () => signal?.aborted ?? false, onBytes: onChecked };
  for (const file of listStore(store.root).files) {
    signal?.throwIfAborted();
    yield* checkFile(file, watch).findings;
  }
}
