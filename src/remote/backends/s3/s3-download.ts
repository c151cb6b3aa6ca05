import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { systemErrorCode } from '../../../base/errors.js';
import type { Pace } from '../pace.js';
import type { Download, GetOptions, Traffic } from '../remote.js';
import { rangeRefused, remoteInterrupted } from '../remote-errors.js';
import { SILENCE_TIMEOUT_MS } from './s3-client.js';

/** What was asked for, and of whom. */
interface Asked extends GetOptions {
  key: string;
  where: string;
  traffic: Traffic;
  pace: Pace | undefined;
}

/**
 * An answer to GetObject as a download; undefined if it has no body. Throws `remote-range` for another length than the one asked
 * for, and `remote-interrupted` where it does not say how long it is.
 */
export function downloadOf(answer: GetObjectCommandOutput, asked: Asked): Download | undefined {
  const body = answer.Body;
  if (!(body instanceof Readable)) return undefined;
  const size = answer.ContentLength ?? rangeLength(answer);
  const wanted = asked.range && asked.range.end - asked.range.start;
  if (size === undefined || (wanted !== undefined && size !== wanted)) {
    body.destroy();
    if (size !== undefined) throw rangeRefused(asked.where, asked.key);
    throw remoteInterrupted(asked.where, 'an answer does not say how long it is');
  }
  return { size, total: totalOf(answer), etag: answer.ETag ?? '', body: read(body, size, asked) };
}

/** The chunks of a body. Every way out of the loop frees the socket; a body that ends early or falls silent is an error. */
async function* read(body: Readable, size: number, asked: Asked): AsyncGenerator<Uint8Array> {
  const { where, traffic, pace, signal } = asked;
  const stop = (): void => {
    body.destroy(new Error('aborted'));
  };
  const silence = setTimeout(stop, SILENCE_TIMEOUT_MS);
  signal?.addEventListener('abort', stop, { once: true });
  let received = 0;
  try {
    // A signal that was aborted since the answer came tells nobody any more.
    signal?.throwIfAborted();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      silence.refresh();
      received += chunk.length;
      if (received > size) break;
      traffic.receivedBytes += chunk.length;
      await pace?.take(chunk.length, signal);
      silence.refresh();
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw remoteInterrupted(where, systemErrorCode(error) ?? 'the answer broke off', error);
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', stop);
    body.destroy();
  }
  if (received !== size) throw remoteInterrupted(where, 'the answer broke off');
}

/** Bytes of the whole object: from 'bytes 1-2/5' where a range was answered. */
function totalOf(answer: GetObjectCommandOutput): number {
  const total = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1];
  return total === undefined ? (answer.ContentLength ?? 0) : Number(total);
}

/** Bytes of a range that was answered: 2 of 'bytes 1-2/5'. */
function rangeLength({ ContentRange }: GetObjectCommandOutput): number | undefined {
  const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(ContentRange ?? '') ?? [];
  return start === undefined || end === undefined ? undefined : Number(end) - Number(start) + 1;
}
