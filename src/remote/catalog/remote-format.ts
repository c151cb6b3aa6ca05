import { randomUUID } from 'node:crypto';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { decodeStoreFormat, encodeStoreFormat, FORMAT_KEY, type StoreFormat } from '../../store/format.js';
import { readAll } from '../backends/remote.js';
import type { ViewCache } from './view-cache.js';
import type { ViewSource } from './view-source.js';

const MAX_FORMAT_BYTES = 64 * 1024;

/** `format.json` of a remote as it was last read from there, or undefined. */
export function cachedFormat(cache: ViewCache): StoreFormat | undefined {
  const bytes = cache.note(FORMAT_KEY);
  if (bytes === undefined) return undefined;
  try {
    return decodeStoreFormat(bytes.toString('utf8'), FORMAT_KEY);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/**
 * Reads `format.json` of a remote; undefined if there is none. Throws `store-format-unknown` (exit code 2) where a newer
 * ocrpipe wrote it, and `remote-replaced` (exit code 2) where this machine has seen another store there: an empty folder may
 * be a share that is not mounted, and what is pushed into it is found by nobody.
 */
export async function readFormat(source: ViewSource): Promise<StoreFormat | undefined> {
  const { remote, cache, signal } = source;
  const known = cachedFormat(cache);
  const download = await remote.get(FORMAT_KEY, { signal });
  if (download === undefined) {
    if (known !== undefined) throw remoteReplaced(source, 'is empty, and had');
    return undefined;
  }
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
  if (known !== undefined && known.store !== format.store) {
    throw remoteReplaced(source, 'is another remote than the one that had');
  }
  cache.putNote(FORMAT_KEY, bytes);
  return format;
}

function remoteReplaced({ remote, accept }: ViewSource, how: string): OcrpipeError {
  return userError('remote-replaced', `${remote.where} ${how} data when this machine last used it`, {
    hint: `Mount or restore what was there. If it was emptied or exchanged on purpose, take what is there now: '${accept}'.`,
  });
}

/** Makes the remote a store of this format, or reads what another pusher just made it. */
export async function createFormat(source: ViewSource): Promise<StoreFormat> {
  const { remote, signal } = source;
  const bytes = Buffer.from(encodeStoreFormat(randomUUID()));
  await remote.put(FORMAT_KEY, { bytes }, { sha256: contentIdOf(bytes), ifNoneMatch: true, signal });
  const format = await readFormat(source);
  if (format === undefined) {
    throw new OcrpipeError('remote-failed', `${remote.where} does not give back what was just written`, {
      hint: 'Use a remote that shows each write to every later read.',
    });
  }
  return format;
}
