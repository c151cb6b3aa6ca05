import type { ContentId } from '../base/content-id.js';
import type { WholeFile } from '../base/atomic-files.js';
import type { EventSink } from '../base/events.js';
import type { LinkType } from '../base/link-type.js';
import type { RepoPath } from '../base/paths.js';
import type { ObjectReader } from '../store/object-reader.js';
import type { BytePath } from './byte-path.js';
import type { FileChoice } from './file-choice.js';
import type { ImportSource } from './pointers/import-source.js';

/** What a path holds, as one value: what a pointer says of it. */
export interface Snapshot {
  id: ContentId;
  kind: 'file' | 'directory';
  /** Bytes in all. */
  size: number;
  /** Files below a directory; absent for a file. */
  files?: number;
  /** Files only: the owner's executable bit. Absent means false. */
  executable?: boolean;
  /** In a pointer of what was imported: where these bytes are from. */
  source?: ImportSource;
}

/**
 * How a path stands: what its pointer says, what ocrpipe last put there (`lastPut`, kept on this machine), what is there.
 * - `clean`: the bytes are those that the pointer names
 * - `modified`: the bytes were edited, the pointer is what was last put there
 * - `pointer-moved`: the pointer changed (git checkout), the bytes are still what was last put there
 * - `conflict`: both changed, differently
 * - `missing`: nothing there; `untracked`: no pointer
 */
export type PathState = 'clean' | 'modified' | 'pointer-moved' | 'conflict' | 'missing' | 'untracked';

export interface CallOptions {
  events?: EventSink;
  signal?: AbortSignal;
}

/** How a path stands, and what that was told from. */
export interface PathStatus {
  state: PathState;
  there?: Snapshot;
  pointer?: Snapshot;
  lastPut?: Snapshot;
  /** Absent where a program that reads through links sees exactly what is there: it holds none. */
  linked?: true;
  /** Pointers that stand in it: they are passed over. */
  inside?: readonly BytePath[];
  /** Of edits: the store has not what was edited, so nothing here can undo them. */
  formerLost?: true;
  /** What a checkout that did not end, or for which bytes were missing, began to put there. */
  begun?: Snapshot;
  /**
   * Only these parts of the directory were put there (`pull` of a part). `there` is then the whole as it would be with all
   * of it there: the edits over what was last put. What a program reads is only the parts.
   */
  parts?: readonly RepoPath[];
}

export interface CheckoutOptions extends CallOptions {
  /** What stands there may be lost. */
  force?: boolean;
  /** How large files are placed, the first that works; what is in place already otherwise is placed anew. Unless given: as set. */
  links?: readonly LinkType[];
  /** What was edited is not replaced even if its bytes are in the store: where a file stood is in no store. */
  keepEdits?: boolean;
}

/** How large files are placed is as set. */
export type FilesOptions = Omit<CheckoutOptions, 'links'>;

/** With `throughLinks`, a link in a directory that leads elsewhere in the workspace counts as what it leads to. */
export type ReadOptions = CallOptions & { throughLinks?: boolean };

/** What became of each of many files. */
export interface CheckedOutFiles {
  changed: RepoPath[];
  /** They held that already. */
  unchanged: RepoPath[];
  /** Nothing was done. */
  left: RepoPath[];
}

/** A tracked path that is on its way to another place. */
export interface UnfinishedMove {
  from: RepoPath;
  to: RepoPath;
}

/** A file that was a link to the store. */
export interface UnlinkedFile {
  /** As text: see `textOfBytes`. */
  path: string;
  size: number;
}

/** A snapshot and where the nodes of it, if it is a directory, can be read. */
export interface TreeSnapshot {
  snapshot: Snapshot;
  reader: ObjectReader;
}

/** What the pointer of a path is to say. */
export interface PointedPath {
  path: RepoPath;
  snapshot: Snapshot;
}

/** What the search for pointers meets. */
export interface FoundPointers {
  /** The paths that have one, sorted. */
  tracked: RepoPath[];
  /** Folders that git ignores, and that are not tracked themselves: no pointer is looked for in them. */
  ignored: RepoPath[];
  /** Paths beside which a file stands that is named like their pointer and not taken for one. */
  others: RepoPath[];
}

/** What names pointers: its files get their names after these, and once `after` is done. All are flushed together. */
export interface Lastly {
  readonly files: readonly WholeFile[];
  readonly after: () => Promise<unknown>;
}

/** Everything that the layers above (pipeline, actions) do with the files of one workspace. */
export interface WorkspaceFiles {
  /**
   * Hashes what is at `path` (through the stat index). Undefined if nothing is there. Stores nothing. With `throughLinks` it
   * is what a program reads there.
   */
  snapshot(path: RepoPath, options?: ReadOptions): Promise<Snapshot | undefined>;
  /**
   * Like `snapshot`, and every byte and tree is in the store, durably, when it returns. Of a path that is only partly there
   * it is the whole, see `PathStatus.parts`; the bytes of the rest need not be in the store.
   */
  store(path: RepoPath, options?: CallOptions): Promise<Snapshot | undefined>;
  /** Like `store`, for several paths, in their order, at much less cost than one by one. */
  storeAll(paths: readonly RepoPath[], options?: CallOptions): Promise<(Snapshot | undefined)[]>;
  /**
   * Like `snapshot` through links, and the listing (names and ids, kind 3, not the bytes) is kept in the store, so that it can be said
   * later which files of a dependency changed.
   */
  list(path: RepoPath, options?: CallOptions): Promise<Snapshot | undefined>;
  /**
   * Some files below a folder, as one value: the tree of exactly these. Links count as what they lead to in the workspace. Undefined
   * if none is there that was chosen. With `list` the listing is kept as `list` keeps it.
   */
  chosen(
    path: RepoPath,
    choice: FileChoice,
    options?: CallOptions & { list?: boolean },
  ): Promise<Snapshot | undefined>;
  /**
   * Like `snapshot` through links, or, with a choice, like `chosen`, and every byte and tree of it is in the store, durably, when it
   * returns: what a program reads there can be put elsewhere.
   */
  storeRead(path: RepoPath, options?: CallOptions & { choice?: FileChoice }): Promise<Snapshot | undefined>;
  /** What is at `path` with the nodes of its directories in memory, so that it can be compared by files. Stores nothing. */
  tree(path: RepoPath, options?: ReadOptions): Promise<TreeSnapshot | undefined>;
  /**
   * Like `tree`; of a path that is only partly there it is the whole, see `PathStatus.parts`. A link that leaves a directory stands for
   * itself, or is refused as `store` does.
   */
  wholeTree(
    path: RepoPath,
    options?: CallOptions & { refuseLeavingLinks?: boolean },
  ): Promise<TreeSnapshot | undefined>;
  /** The pointer of exactly this path (`<path>.ocr`), if any. Throws for a broken one. */
  pointer(path: RepoPath): Snapshot | undefined;
  /** The paths that have a pointer, sorted; the pointers are not read. */
  trackedPaths(): RepoPath[];
  /** The same, with what was not taken for a pointer. */
  foundPointers(): FoundPointers;
  /** The pointers in the workspace, sorted by path. Throws for a broken one. */
  pointers(): { path: RepoPath; snapshot: Snapshot }[];
  /**
   * Writes `<path>.ocr` and the `.gitignore` entry, and remembers the snapshot as last put there. Every object that the
   * snapshot names must be in the store: it is looked up first, and `pointer-to-nothing` is thrown otherwise. With `elsewhere` it is
   * the caller who knows that a remote has it.
   */
  writePointer(
    path: RepoPath,
    snapshot: Snapshot,
    options?: CallOptions & { elsewhere?: boolean },
  ): Promise<void>;
  /** Like `writePointer`, for many paths, at much less cost than one by one. `lastly`: what is written after the last pointer. */
  writePointers(
    pointed: readonly PointedPath[],
    options?: CallOptions & { elsewhere?: boolean; lastly?: Lastly },
  ): Promise<void>;
  /** Removes the `.gitignore` entries of some paths, then their pointers; what they pointed to stays. */
  removePointers(paths: readonly RepoPath[], options?: CallOptions): Promise<void>;
  /**
   * Renames what stands at `from` of each move, if anything does, and moves its pointer, its `.gitignore` entry and all that is
   * remembered of it. `to` must be free or hold what an earlier call left there: a call that was killed is finished by the same one.
   */
  move(moves: readonly UnfinishedMove[], options?: CallOptions): Promise<void>;
  /** Moves that were begun on this machine and are not done. */
  unfinishedMoves(): UnfinishedMove[];
  state(path: RepoPath, options?: CallOptions): Promise<PathStatus>;
  /** Does work that asks for the states of many paths, at less cost than one by one: the clock is asked once for all. */
  lookAtMany<T>(
    work: (stateOf: (path: RepoPath) => Promise<PathStatus>) => Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
  /** Does long work that looks at many paths, one after the other: what is learnt of them is written now and then, and at its end. */
  savingSeldom<T>(work: () => Promise<T>): Promise<T>;
  /** True if every byte of the snapshot is in the local store. */
  inStore(snapshot: Snapshot): boolean;
  /**
   * Makes `path` hold exactly what `snapshot` names, verified. What stands there is replaced only if its bytes are in the
   * store, whole, or `force` is given (`would-lose-bytes` otherwise, nothing changed); with `keepEdits` only what ocrpipe put
   * there is (`would-undo-edits`). Files whose stored bytes are missing or damaged are left out, then `object-missing` or
   * `object-damaged` is thrown.
   * False if it held that already.
   */
  checkout(path: RepoPath, snapshot: Snapshot, options?: CheckoutOptions): Promise<boolean>;
  /**
   * Like `checkout`, of many files (no directories), at much less cost than one by one. What it cannot do, or would refuse, it leaves
   * as it is and names: `checkout` of that says why.
   */
  checkoutFiles(files: readonly PointedPath[], options?: FilesOptions): Promise<CheckedOutFiles>;
  /**
   * Like `checkout`, of some parts (paths below `path`) of the directory `snapshot` only. What else of it is not there is
   * remembered as not there, not as deleted. Throws `mixed-versions` if other files there are of another version.
   */
  checkoutParts(
    path: RepoPath,
    snapshot: Snapshot,
    options: CheckoutOptions & { parts: readonly RepoPath[] },
  ): Promise<boolean>;
  /**
   * Deletes what tracking sees at `path`: files only if the store holds their bytes, read now, or `force` is given
   * (`would-lose-bytes` otherwise, nothing changed). True if nothing is left there: ignored files stay.
   */
  remove(path: RepoPath, options: CallOptions & { force: boolean }): Promise<boolean>;
  /**
   * Makes the files at or below `path` that are links to the store (of 1 MiB and more) plain files that can be written to, each
   * by one rename; returns them, in order. Their bytes stay. What is no link is left as it is; nothing there: none.
   */
  unlink(path: RepoPath, options?: CallOptions): Promise<UnlinkedFile[]>;
  /** The parts that were put there, of a directory of which not all was: see `PathStatus.parts`. Reads no files of it. */
  parts(path: RepoPath): readonly RepoPath[] | undefined;
  /** What this machine remembers of a path, see `PathStatus`. Reads no files of it. */
  remembered(path: RepoPath): Pick<PathStatus, 'lastPut' | 'begun'>;
  /** Forgets what was put at a path: what is there from now on was made by somebody else. */
  forget(path: RepoPath): void;
}
