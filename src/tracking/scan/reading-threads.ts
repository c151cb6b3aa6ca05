import type { ContentId } from '../../base/content-id.js';
import { ThreadPool } from '../../base/thread-pool.js';
import { joinBytes, type BytePath } from '../byte-path.js';
import { idsOf, readFiles, statsOf, type ReadRequest, type ReadResult } from './read-files.js';
import type { Unread } from './scanned.js';

/** So many files are read by the calling thread before others are started. */
const FEW_FILES = 1000;
/** What one request asks for: a few milliseconds' work. */
const BATCH_FILES = 256;
const BATCH_BYTES = 2 * 1024 * 1024;
/** Requests under way for each thread: it finds the next one when it has answered one, though the caller be busy. */
const AHEAD = 4;

/** What becomes of the files of a batch: called with each that could be read as it was seen, in order. */
export type Keep = (id: ContentId, bytes: Uint8Array) => void;

interface Batch {
  readonly files: readonly Unread[];
  readonly result: ReadResult | Promise<ReadResult>;
}

/** Reads small files and computes their ids, on other threads as soon as there are many. End it with `close`. */
export class ReadingThreads {
  readonly #root: BytePath;
  readonly #pool = new ThreadPool<ReadRequest, ReadResult>('read-files-worker', { callerWorks: true });
  readonly #spare: ArrayBuffer[] = [];
  #files = 0;

  /** Folders are relative to `root`. */
  constructor(root: BytePath) {
    this.#root = root;
  }

  /**
   * The ids of files of one folder, in their order, batch after batch; undefined for one that could not be read as it was seen.
   */
  async *read(
    { folder, files }: { folder: BytePath; files: readonly Unread[] },
    keep: Keep | undefined,
  ): AsyncGenerator<readonly (ContentId | undefined)[]> {
    const absolute = folder === '' ? this.#root : joinBytes(this.#root, folder);
    const ahead = Math.max(1, this.#pool.most) * AHEAD;
    const batches = batchesOf(files);
    const underWay: Batch[] = [];
    for (;;) {
      for (let next = batches.next(); next.done !== true; next = batches.next()) {
        underWay.push(this.#start({ folder: absolute, files: next.value, keep: keep !== undefined }));
        if (underWay.length >= ahead) break;
      }
      const first = underWay.shift();
      if (!first) return;
      const result = await first.result;
      const ids = idsOf(result);
      if (keep) hand(first.files, { ids, bytes: result.bytes }, keep);
      this.#spare.push(result.bytes.buffer);
      yield ids;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #start({ folder, files, keep }: { folder: BytePath; files: readonly Unread[]; keep: boolean }): Batch {
    const names = files.map(({ name }) => name).join('/');
    const buffer = this.#spare.pop();
    const request = { folder, names, stats: statsOf(files), keep, buffer };
    this.#files += files.length;
    if (this.#pool.most === 0 || this.#files <= FEW_FILES) return { files, result: readFiles(request) };
    const result = this.#pool.run(request, [request.stats.buffer, ...(buffer ? [buffer] : [])]);
    // It is awaited in its turn; until then nobody else hears of a failure.
    result.catch(() => undefined);
    return { files, result };
  }
}

function* batchesOf(files: readonly Unread[]): Generator<readonly Unread[]> {
  for (let from = 0; from < files.length;) {
    let to = from;
    let bytes = 0;
    while (to < files.length && to - from < BATCH_FILES && bytes < BATCH_BYTES)
      bytes += files[to++]!.stat.size;
    yield files.slice(from, to);
    from = to;
  }
}

function hand(
  files: readonly Unread[],
  { ids, bytes }: { ids: readonly (ContentId | undefined)[]; bytes: Uint8Array },
  keep: Keep,
): void {
  let at = 0;
  files.forEach(({ stat }, index) => {
    const id = ids[index];
    if (id) keep(id, bytes.subarray(at, at + stat.size));
    at += stat.size;
  });
}
