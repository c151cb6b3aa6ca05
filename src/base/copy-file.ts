import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { writeAll } from './atomic-file.js';
import { CAUTIOUS_READ } from './cautious-read.js';
import { systemErrorCode } from './errors.js';

/** Little enough to be in the processor's own memory still when it is written. */
const CHUNK_BYTES = 128 * 1024;
/** Signals are heard, and other work is done, after so many bytes. */
const BREATH_BYTES = 4 * 1024 * 1024;

interface CopyOptions {
  signal?: AbortSignal | undefined;
  /** Called with each piece of what is written, in order, before the next overwrites it; never for a clone. */
  onBytes?: (bytes: Uint8Array) => void;
}

/**
 * Copies a file of somebody else's, who may write to it meanwhile, to a new file of the same permissions: as a clone where the
 * file system can, byte by byte otherwise, and then as far as it went at first. What `copyFile` of Node does instead never ends when the file is cut
 * while it is copied: it waits for bytes that were promised. Throws what the system says; part of a copy may then be there.
 * Returns true if it is a clone.
 */
export async function copyChangingFile(
  from: string | Buffer,
  to: string | Buffer,
  { signal, onBytes }: CopyOptions = {},
): Promise<boolean> {
  const steps = copySteps(from, to, onBytes);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = steps.next();
      if (step.done === true) return step.value;
      await setImmediate();
    }
  } finally {
    steps.return(false);
  }
}

/** Like `copyChangingFile`, for where an answer is needed at once. */
export function copyChangingFileNow(from: string | Buffer, to: string | Buffer): void {
  const steps = copySteps(from, to);
  while (steps.next().done !== true) continue;
}

function* copySteps(
  from: string | Buffer,
  to: string | Buffer,
  onBytes?: CopyOptions['onBytes'],
): Generator<undefined, boolean> {
  const source = openSync(from, CAUTIOUS_READ);
  try {
    const stat = fstatSync(source);
    if (isCloned(from, to)) return true;
    const target = openSync(to, 'wx', 0o600);
    try {
      yield* copyBytes(stat, { source, target, onBytes });
      fchmodSync(target, stat.mode & 0o777);
      return false;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Only where nothing but a clone is asked for, no bytes are waited for. */
function isCloned(from: string | Buffer, to: string | Buffer): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    // Whatever refused it refuses the copy too, and says why.
    return false;
  }
}

/** As many as there were, or fewer: a file may grow as fast as it is read. */
function* copyBytes(
  { size }: Stats,
  { source, target, onBytes }: { source: number; target: number; onBytes: CopyOptions['onBytes'] },
): Generator<undefined, void> {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
  let breath = BREATH_BYTES;
  for (let left = size; left > 0;) {
    const read = readSync(source, chunk, 0, Math.min(left, chunk.length), null);
    if (read === 0) return;
    const bytes = chunk.subarray(0, read);
    onBytes?.(bytes);
    writeAll(target, bytes);
    left -= read;
    breath -= read;
    if (breath > 0) continue;
    breath = BREATH_BYTES;
    yield undefined;
  }
}
