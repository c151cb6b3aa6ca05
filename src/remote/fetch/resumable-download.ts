import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ageOf } from '../../base/age.js';
import type { BufferPool } from '../../base/buffer-pool.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { runningHash, type RunningHash } from '../../base/running-hash.js';
import { writePoint } from '../../base/write-points.js';
import type { CopyAlong } from './copy-along.js';
import { DownloadFile } from './download-file.js';
import { fileGone } from './object-source.js';
import { readInto, type ByteRange, type Download, type GetOptions, type Remote } from '../backends/remote.js';
import { eachInParallel } from '../parallel.js';

/** Bytes of one request: each is held in memory until those before it are written. */
export const RANGE_BYTES = 24 * 1024 * 1024;
/** Ranges on their way at once: more hold too much memory. */
export const MOST_RANGES = 4;
/** A download of another machine (a shared store) that was not written to for so long was given up. */
const GIVEN_UP_MS = 10 * 60 * 1000;

/** One object that is too large for one go. */
export interface RangedObject {
  remote: Pick<Remote, 'where' | 'get'>;
  key: string;
  /** Bytes. */
  size: number;
  /** Only this version of it will do; else whatever the first range is of. */
  etag?: string;
  /** What the server calls that version, where it keeps several. */
  version?: string;
  /** What ranges, of several downloads perhaps, are read into. */
  buffers: BufferPool;
  signal: AbortSignal;
  /** Called with each number of bytes that arrived. */
  onBytes: (bytes: number) => void;
  /** Gets the same bytes, unless some of them are there from an earlier download. */
  copy?: CopyAlong | undefined;
}

/**
 * Adds what is missing to the file, by ranges of one and the same object, some at once, written and hashed in order; returns the hash
 * of all of it. What was written is flushed as far as it is no wait: who names the file flushes it.
 */
export async function continueDownload(download: RangedObject, temporary: string): Promise<string> {
  const hash = runningHash(download.size);
  try {
    const there = Math.min(await hashExisting(temporary, hash), download.size);
    download.onBytes(there);
    await addRest(download, { temporary, there, hash });
    return await hash.digest();
  } finally {
    await hash.close();
  }
}

/** A file that holds the first bytes of an object, and their hash. */
interface BeginningThere {
  temporary: string;
  there: number;
  hash: RunningHash;
}

async function addRest(download: RangedObject, { temporary, there, hash }: BeginningThere): Promise<void> {
  const { copy } = download;
  writePoint();
  const isCopied = copy !== undefined && there === 0;
  const file = await DownloadFile.open(temporary, { pastCache: isCopied });
  try {
    if (isCopied) await copy.begin();
    await readInOrder(download, there, async (bytes) => {
      const writing = [file.append(bytes), copy?.append(bytes) ?? Promise.resolve()];
      await Promise.all([...writing, hash.update(bytes)]);
    });
    await copy?.end();
  } finally {
    await file.close();
  }
  file.throwIfUnflushed();
}

async function hashExisting(file: string, hash: RunningHash): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      await hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return bytes;
}

/**
 * Reads from `from` to the end and hands range after range to `use`, each when `use` has returned for the one before it: what it waits
 * for then does not hold the next one up, only the buffer. The first failure ends the others.
 */
async function readInOrder(
  download: RangedObject,
  from: number,
  use: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const { buffers, size, onBytes } = download;
  const stop = new AbortController();
  const signal = AbortSignal.any([download.signal, stop.signal]);
  const object = new SameObject({ ...download, signal });
  const turns = new Turns();
  const take = async ({ start, end }: ByteRange): Promise<void> => {
    const turn = turns.next();
    const read = async (buffer: Buffer): Promise<void> => {
      let arrived = 0;
      try {
        await readInto(await object.ask({ start, end }, buffer), buffer, (bytes) => {
          arrived += bytes;
          onBytes(bytes);
        });
      } finally {
        await turn.comes;
        // What arrived before it broke off need not come again.
        const used = use(buffer.subarray(0, arrived));
        if (arrived === buffer.length) turn.isOver();
        await used;
      }
    };
    try {
      await buffers.use(end - start, read, signal);
    } catch (error) {
      turn.failed(error);
      stop.abort(error);
      throw error;
    }
  };
  await eachInParallel(rangesOf(from, size), buffers.count, take);
}

/** Lets one after the other go on, in the order in which they came; none after one that failed. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  next(): Turn {
    const comes = this.#last;
    let [isOver, failed]: [Turn['isOver'], Turn['failed']] = [() => undefined, () => undefined];
    this.#last = new Promise<void>((resolve, reject) => {
      [isOver, failed] = [resolve, reject];
    });
    // Whoever is next may never ask.
    this.#last.catch(() => undefined);
    return { comes, isOver, failed };
  }
}

interface Turn {
  readonly comes: Promise<void>;
  isOver: () => void;
  failed: (error: unknown) => void;
}

function* rangesOf(from: number, size: number): Generator<ByteRange> {
  for (let start = from; start < size; start += RANGE_BYTES) {
    yield { start, end: Math.min(start + RANGE_BYTES, size) };
  }
}

/** Ranges of one object: all of them must be of the one that the first was of. */
class SameObject {
  readonly #download: RangedObject;
  #first: Promise<Download> | undefined;

  constructor(download: RangedObject) {
    this.#download = download;
  }

  async ask(range: ByteRange, into: Buffer): Promise<Download> {
    const { etag } = this.#download;
    if (etag !== undefined) return this.#get({ range, into, ifMatch: etag });
    if (this.#first !== undefined) return this.#get({ range, into, ifMatch: (await this.#first).etag });
    this.#first = this.#get({ range, into });
    return this.#first;
  }

  async #get(options: GetOptions): Promise<Download> {
    const { remote, key, version, signal } = this.#download;
    const answer = await remote.get(key, { ...options, version, signal });
    if (answer === undefined) throw fileGone(remote, key);
    return answer;
  }
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
