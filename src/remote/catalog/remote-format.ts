import { randomUUID } from 'node:crypto';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { decodeStoreFormat, encodeStoreFormat, FORMAT_KEY, type StoreFormat } from '../../store/format.js';
import { readAll, type Remote } from '../backends/remote.js';
import type { ViewCache } from './view-cache.js';

const MAX_FORMAT_BYTES = 64 * 1024;

/** `format.json` of a remote as it was last read from there, or undefined. */
export function cachedFormat(remote: Remote, cache: ViewCache): StoreFormat | undefined {
  const bytes = cache.note(remote.where, FORMAT_KEY);
  if (bytes === undefined) return undefined;
  try {
    return decodeStoreFormat(bytes.toString('utf8'), remote.where);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/**
 * Reads `format.json` of a remote; undefined if there is none. Throws `store-format-unknown` (exit code 2) where a newer
 * ocrpipe wrote it.
 */
export async function readFormat(
  remote: Remote,
  cache: ViewCache,
  signal: AbortSignal | undefined,
): Promise<StoreFormat | undefined> {
  const download = await remote.get(FORMAT_KEY, { signal });
  if (download === undefined) return undefined;
  if (download.size > MAX_FORMAT_BYTES) {
    throw userError(
      'remote-not-a-store',
      `${remote.where} holds a ${FORMAT_KEY} that ocrpipe did not write`,
      {
        hint: 'Choose another folder or prefix for the remote.',
      },
    );
  }
  const bytes = await readAll(download);
  const format = decodeStoreFormat(bytes.toString('utf8'), `${FORMAT_KEY} of ${remote.where}`);
  cache.putNote(remote.where, FORMAT_KEY, bytes);
  return format;
}

/** Makes the remote a store of this format, or reads what another pusher just made it. */
export async function createFormat(
  remote: Remote,
  cache: ViewCache,
  signal: AbortSignal | undefined,
): Promise<StoreFormat> {
  const bytes = Buffer.from(encodeStoreFormat(randomUUID()));
  await remote.put(FORMAT_KEY, { bytes }, { sha256: contentIdOf(bytes), ifNoneMatch: true, signal });
  const format = await readFormat(remote, cache, signal);
  if (format === undefined) {
    throw new OcrpipeError('remote-failed', `${remote.where} does not give back what was just written`, {
      hint: 'Use a remote that shows each write to every later read.',
    });
  }
  return format;
}
