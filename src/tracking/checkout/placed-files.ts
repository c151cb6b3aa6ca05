import { lstatSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { syncDirectory } from '../../base/atomic-file.js';
import { OcrpipeError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { removeTree } from '../../base/remove-tree.js';
import { writePoint } from '../../base/write-points.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { FileEntry } from '../../store/tree-format.js';
import { bytePath, fsPath, type BytePath } from '../byte-path.js';
import type { Remembered } from '../pointers/last-put.js';
import type { FileStat } from '../scan/stat-index-format.js';
import type { UnchangedFiles } from '../scan/unchanged.js';
import type { Snapshot } from '../workspace-files.js';
import type { CheckoutContext } from './checkout.js';
import { FreshFiles } from './fresh-files.js';
import { makeHiddenFolder } from './hidden-folder.js';
import { LargeFiles } from './large-files.js';
import { placedStat } from './place-files.js';
import { PlacingThreads } from './placing-threads.js';
import { requireRealFolder } from './real-folders.js';
import { ShortPaths } from './short-paths.js';
import type { Work } from './write-files.js';

/** A file that is to be put at a path. */
export interface PlannedFile {
  path: RepoPath;
  snapshot: Snapshot;
  /** Where that is: absolute. */
  at: BytePath;
  entry: FileEntry;
  /** The file that stands there. */
  old?: FileEntry;
  /** What is remembered of the path when its file gets its name. */
  memory: Remembered;
}

interface Parts extends Omit<CheckoutContext, 'trees'> {
  force: boolean;
  /** Made before the files were looked at. */
  unchanged: UnchangedFiles;
}

/** Puts many files at their paths: all are written aside, in one hidden folder for each of theirs, then each is renamed. */
export class PlacedFiles {
  readonly #parts: Parts;
  readonly #paths = new ShortPaths();
  readonly #threads = new PlacingThreads();
  /** By folder, where its files are written. */
  readonly #hidden = new Map<BytePath, BytePath>();
  /** Written beside its path, as a link has to be. */
  readonly #beside: BytePath[] = [];
  readonly #stats = new Map<string, FileStat>();
  readonly #refused = new Set<string>();
  readonly #entered = new Set<BytePath>();

  /** What is in place. */
  readonly done: PlannedFile[] = [];
  /** Of which nothing changed: an edit came since they were looked at, or the store cannot give their bytes. */
  readonly left: PlannedFile[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  *run(files: readonly PlannedFile[]): Work<void> {
    try {
      yield* this.#nameAll(yield* this.#writeAll(files));
    } finally {
      for (const folder of this.#entered) syncDirectory(Buffer.from(folder, 'latin1').toString());
      for (const path of [...this.#hidden.values(), ...this.#beside]) removeTree(fsPath(path));
      this.#paths.close();
    }
  }

  /** To be called before the work is given up. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  /** Returns what was written, and where. */
  *#writeAll(files: readonly PlannedFile[]): Work<[PlannedFile, BytePath][]> {
    const { store } = this.#parts;
    const fresh = new FreshFiles({
      store,
      large: new LargeFiles(store, this.#parts),
      paths: this.#paths,
      threads: this.#threads,
      guard: (path, write) => this.#guard(path, write),
      written: (some, result) => {
        for (const [index, { below }] of some.entries()) {
          const stat = placedStat(result, index);
          if (stat) this.#stats.set(below, stat);
        }
      },
      placed: ({ below }, stat) => {
        this.#stats.set(below, stat);
      },
    });
    const written: [PlannedFile, BytePath][] = [];
    for (const [index, file] of files.entries()) {
      const aside = this.#asideOf(file, index);
      written.push([file, aside]);
      yield* fresh.add({ path: aside, below: file.path, entry: file.entry });
    }
    yield* fresh.finish();
    return written;
  }

  *#guard(path: string, write: () => Work<void>): Work<void> {
    try {
      yield* write();
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      this.#refused.add(path);
    }
  }

  #asideOf({ at, entry }: PlannedFile, index: number): BytePath {
    const folder = posix.dirname(at) as BytePath;
    const mayBeLink = entry.size >= LARGE_BLOB_BYTES && this.#parts.links.includes('symlink');
    if (mayBeLink) {
      // Where a relative link leads depends on the folder that it is in.
      mkdirSync(fsPath(folder), { recursive: true });
      const beside = this.#paths.beside(at);
      this.#beside.push(beside);
      return beside;
    }
    let hidden = this.#hidden.get(folder);
    if (hidden === undefined) {
      mkdirSync(fsPath(folder), { recursive: true });
      hidden = makeHiddenFolder(folder, this.#paths);
      this.#hidden.set(folder, hidden);
    }
    return this.#paths.join(hidden, String(index));
  }

  *#nameAll(written: readonly [PlannedFile, BytePath][]): Work<void> {
    const settled = new Map<BytePath, number>();
    for (const [folder, hidden] of this.#hidden) settled.set(folder, this.#parts.times.settledBefore(hidden));
    for (const [file, aside] of written) {
      if (this.#refused.has(file.path) || !this.#giveName(file, aside)) {
        this.left.push(file);
        continue;
      }
      this.done.push(file);
      this.#remember(file, settled.get(posix.dirname(file.at) as BytePath));
      yield 0;
    }
  }

  /** False, with nothing changed, where something else stands there than was looked at. */
  #giveName({ at, old }: PlannedFile, aside: BytePath): boolean {
    const { force, unchanged } = this.#parts;
    const folder = posix.dirname(at) as BytePath;
    try {
      requireRealFolder(folder, this.#parts);
      const isAsSeen = old ? force || unchanged.is(at, old) : !isThere(at);
      if (!isAsSeen) return false;
    } catch (error) {
      if (error instanceof OcrpipeError) return false;
      throw error;
    }
    writePoint();
    renameSync(fsPath(aside), fsPath(at));
    this.#entered.add(folder);
    return true;
  }

  /**
   * Remembers a file that nobody else knew before its rename: whoever writes to it from now on gives it another time, unless it is so
   * young that the clock may not have moved on. The time of a large one is past from the start.
   */
  #remember({ path, at, entry }: PlannedFile, settledBefore = Number.NEGATIVE_INFINITY): void {
    const { root, index, times } = this.#parts;
    const written = this.#stats.get(path);
    if (written === undefined) return;
    const isLarge = entry.size >= LARGE_BLOB_BYTES;
    const now = isLarge
      ? statSync(fsPath(at), { throwIfNoEntry: false })
      : lstatSync(fsPath(at), { throwIfNoEntry: false });
    if (now?.ino !== written.ino || now.mtimeMs !== written.mtimeMs || now.size !== written.size) return;
    const stat = times.view(now);
    if (!isLarge && stat.mtimeMs >= settledBefore) return;
    const place = at.slice(bytePath(root).length + 1);
    const folder = posix.dirname(place);
    index.replaceFile((folder === '.' ? '' : folder) as BytePath, entry.name, { stat, id: entry.id });
  }
}

function isThere(path: BytePath): boolean {
  return lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined;
}
