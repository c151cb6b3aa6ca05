import { ThreadPool } from '../../base/thread-pool.js';
import { joinBytes, type BytePath } from '../byte-path.js';
import type { FolderBlock } from './stat-index-format.js';
import type { StatIndex } from './stat-index.js';

/** Names of a folder that are looked at together. */
export const NAMES_TOGETHER = 256;
/**
 * A thread costs a sixth of a second of the processor's time before it is as fast as the scan. With fewer names to look at, it saves hardly
 * more than that of the time that passes.
 */
const MANY_NAMES = 500_000;

/** What became of the names that are looked at together. */
export const LOOK = { open: 0, taken: 1, same: 2, other: 3 };

/** Folders of whose names all is remembered. */
export interface StatsRequest {
  readonly folders: readonly RememberedNames[];
  /** Of all names of all folders, folder by folder: one of `LOOK` for each NAMES_TOGETHER. */
  readonly looks: Int32Array<SharedArrayBuffer>;
}

interface RememberedNames {
  /** Absolute. */
  readonly folder: BytePath;
  readonly count: number;
  readonly entries: Uint8Array;
  /** Of its first names in `looks`. */
  readonly first: number;
}

/**
 * Looks at remembered files on other threads while a scan does: the scan begins with the first folder, these with the last one. What
 * they find to be as it is remembered the scan need not look at; everything else it looks at itself.
 */
export class StatsAhead {
  readonly #pool: ThreadPool<StatsRequest, undefined>;
  readonly #looks: Int32Array<SharedArrayBuffer>;
  readonly #first = new Map<BytePath, number>();
  readonly #threads: Promise<unknown>[] = [];

  /** For a scan of the folder `top`; folders are relative to `root`. Nothing if it is not worth it, with fewer than `many` names. */
  static begin(
    { root, top, index }: { root: BytePath; top: BytePath; index: StatIndex },
    many = MANY_NAMES,
  ): StatsAhead | undefined {
    const blocks = index.wholeFolders(top);
    const names = blocks.reduce((sum, [, { count }]) => sum + count, 0);
    const pool = new ThreadPool<StatsRequest, undefined>('stats-ahead-worker', { callerWorks: true });
    return names < many || pool.most === 0 ? undefined : new StatsAhead(root, blocks, pool);
  }

  private constructor(
    root: BytePath,
    blocks: readonly (readonly [BytePath, FolderBlock])[],
    pool: ThreadPool<StatsRequest, undefined>,
  ) {
    this.#pool = pool;
    let first = 0;
    const folders = blocks.map(([path, { count, entries }]) => {
      const names = { folder: path === '' ? root : joinBytes(root, path), count, entries, first };
      this.#first.set(path, first);
      first += Math.ceil(count / NAMES_TOGETHER);
      return names;
    });
    this.#looks = new Int32Array(new SharedArrayBuffer(first * Int32Array.BYTES_PER_ELEMENT));
    for (let thread = 0; thread < pool.most; thread += 1) {
      // Should a thread fail, the scan looks at everything.
      this.#threads.push(pool.run({ folders, looks: this.#looks }).catch(() => undefined));
    }
  }

  /**
   * For the names of `folder` in the order in which they are remembered, asked once for each: true if it, being a file, was found
   * to be as it is remembered.
   */
  namesOf(folder: BytePath): () => boolean {
    const first = this.#first.get(folder);
    if (first === undefined) return () => false;
    let name = 0;
    let isSame = false;
    return () => {
      if (name % NAMES_TOGETHER === 0) isSame = this.#isSame(first + name / NAMES_TOGETHER);
      name += 1;
      return isSame;
    };
  }

  /** Waits until everything was looked at. */
  async finished(): Promise<void> {
    await Promise.all(this.#threads);
  }

  /** Nothing is looked at any more. */
  async close(): Promise<void> {
    this.#looks.forEach((_look, at) => take(this.#looks, at));
    await this.#pool.close();
  }

  /** What is being looked at is not waited for: the scan is as fast. */
  #isSame(at: number): boolean {
    return !take(this.#looks, at) && Atomics.load(this.#looks, at) === LOOK.same;
  }
}

/** True if nobody looks at these names yet: the caller is to. */
export function take(looks: Int32Array, at: number): boolean {
  return Atomics.compareExchange(looks, at, LOOK.open, LOOK.taken) === LOOK.open;
}
