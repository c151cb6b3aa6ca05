import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ageOf } from '../../base/age.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { fileGone } from './object-source.js';
import type { Remote } from '../backends/remote.js';

const RANGE_BYTES = 16 * 1024 * 1024;
/** A download of another machine (a shared store) that was not written to for so long was given up. */
const GIVEN_UP_MS = 10 * 60 * 1000;

/** One object that is too large for one go. */
export interface RangedObject {
  remote: Remote;
  key: string;
  /** Bytes. */
  size: number;
  /** Only this version of it will do; else whatever the first range is of. */
  etag?: string;
  signal: AbortSignal;
  /** Called with each number of bytes that arrived. */
  onBytes: (bytes: number) => void;
}

/** Adds what is missing to the file, by ranges of one and the same object, and returns the hash of all of it. */
export async function continueDownload(download: RangedObject, temporary: string): Promise<string> {
  const { size, onBytes } = download;
  const hash = createHash('sha256');
  const there = Math.min(await hashExisting(temporary, hash), size);
  onBytes(there);
  writePoint();
  const file = await open(temporary, 'a');
  try {
    let { etag } = download;
    for (let at = there; at < size; at += RANGE_BYTES) {
      const range = { start: at, end: Math.min(at + RANGE_BYTES, size) };
      etag = await appendRange(download, { file, hash, range, etag });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function hashExisting(file: string, hash: ReturnType<typeof createHash>): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return bytes;
}

/** Returns the etag of the object, which later ranges must match. */
async function appendRange(
  download: RangedObject,
  to: {
    file: FileHandle;
    hash: ReturnType<typeof createHash>;
    range: { start: number; end: number };
    etag: string | undefined;
  },
): Promise<string> {
  const { remote, key, signal, onBytes } = download;
  const answer = await remote.get(key, {
    range: to.range,
    signal,
    ...(to.etag !== undefined && { ifMatch: to.etag }),
  });
  if (answer === undefined) throw fileGone(remote, key);
  for await (const chunk of answer.body) {
    to.hash.update(chunk);
    await to.file.writeFile(chunk);
    onBytes(chunk.length);
  }
  return answer.etag;
}

/**
 * A name in `tmp` for this download, holding what an ended process left of the same object. The name says whose it is, so
 * that two processes never write to one file.
 */
export async function takeOver(tmp: string, id: ContentId): Promise<string> {
  await mkdir(tmp, { recursive: true });
  const host = contentIdOf(hostname()).slice(0, 12);
  const prefix = `fetch-${id}-`;
  const own = join(tmp, `${prefix}${host}-${process.pid}`);
  for (const name of await readdir(tmp)) {
    if (!name.startsWith(prefix)) continue;
    const [theirHost, pid] = name.slice(prefix.length).split('-');
    const ended = theirHost === host ? !isRunning(Number(pid)) : isGivenUp(join(tmp, name));
    if (ended && (await renamed(join(tmp, name), own))) break;
  }
  return own;
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function isGivenUp(file: string): boolean {
  return (ageOf(file) ?? 0) > GIVEN_UP_MS;
}

/** False if another process was faster. */
async function renamed(from: string, to: string): Promise<boolean> {
  if (from === to) return true;
  writePoint();
  return rename(from, to).then(
    () => true,
    () => false,
  );
}
