import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { OcrpipeError } from '../../../base/errors.js';

/** Read from a file at once. */
export const READ_BYTES = 1024 * 1024;

/** Why the file that is sent cannot be read: nothing of the server's. */
export class UnreadableSource extends Error {
  constructor(cause: unknown) {
    super('the file that is sent cannot be read', { cause });
  }
}

/** What `read` gives of the file that is sent. Throws `UnreadableSource` for whatever it throws. */
export async function readingSource<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UnreadableSource(error);
  }
}

export interface UploadSource {
  file: string;
  /** Bytes that are sent of it. */
  size: number;
  /** The error for a file that has fewer. */
  damaged: () => OcrpipeError;
}

/**
 * Calls `send` with a file as a stream, and with a signal that ends the request when the file cannot be read, or is too short: who sends a stream waits for
 * all that was promised, and would wait for ever. The file is opened before, so that a request that fails at once leaves no stream behind
 * that could still fail, with nobody to hear it. Throws `UnreadableSource`, and what `send` throws.
 */
export async function withUploadSource<T>(
  { file, size, damaged }: UploadSource,
  signal: AbortSignal | undefined,
  send: (stream: Readable, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const handle = await readingSource(() => open(file));
  const broken = new AbortController();
  const range = size > 0 ? { end: size - 1 } : {};
  const stream = handle.createReadStream({ highWaterMark: READ_BYTES, autoClose: false, ...range });
  stream.on('error', (error) => {
    broken.abort(new UnreadableSource(error));
  });
  stream.on('end', () => {
    if (stream.bytesRead < size) broken.abort(damaged());
  });
  try {
    return await send(stream, AbortSignal.any([broken.signal, ...(signal === undefined ? [] : [signal])]));
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    stream.destroy();
    await handle.close();
  }
}
