import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { syncDirectory } from '../../base/atomic-file.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import type { LocalStore } from '../../store/local-store.js';
import type { FileEntry, SymlinkEntry } from '../../store/tree-format.js';
import { directoryIn, treeEntries, walkTree, type TreeRef } from '../../store/tree-reader.js';
import { bytePath, fsPath, joinBytes, textBelow, type BytePath } from '../byte-path.js';
import { targetOf } from '../scan/look.js';
import { NodeMemory, hashingSink } from '../scan/sinks.js';
import { scanPath, type ScanContext } from '../scan/snapshot.js';
import { BlockReader } from '../scan/stat-index-format.js';
import { UnchangedFiles } from '../scan/unchanged.js';
import type { CallOptions, Snapshot } from '../workspace-files.js';
import { refuseLinks } from '../workspace-place.js';
import { standsIn, storedTree, wouldLose } from './checkout-plan.js';
import { drive } from './drive.js';
import { requireRealFolder } from './real-folders.js';
import { removeEmptyFolder, removeFile, type Work } from './write-files.js';

export interface RemovalContext extends ScanContext {
  store: LocalStore;
}

export interface RemovalRequest {
  path: RepoPath;
  /** What ocrpipe last put there: its links may be removed. */
  lastPut: Snapshot | undefined;
  /** What stands there may be lost. */
  force: boolean;
  /** Called once everything is checked, just before the first change. */
  begin: () => void;
}

/**
 * Deletes what tracking sees at a path, file by file and each folder behind what was in it. First all of it is looked at:
 * unless `force` is given, `would-lose-bytes` is thrown, with nothing changed, for what the store does not hold, read now. What
 * was edited since is met again just before it would go. Killed in between, what is left is whole. True if nothing is left there:
 * what tracking leaves out (ignored files) stays. That a single file is gone is on disk once somebody flushes its folder.
 */
export async function removeAt(
  context: RemovalContext,
  request: RemovalRequest,
  options: CallOptions,
): Promise<boolean> {
  const { root, storeLinks } = context;
  const { path, force } = request;
  refuseLinks(root, path, { end: !force, storeLinks });
  const top = joinBytes(bytePath(root), bytePath(path));
  if (lstatSync(fsPath(top), { throwIfNoEntry: false }) === undefined) return true;
  const stat = storeLinks.stat(fsPath(top));
  // Only with `force`: a link is not followed. Or a link to what the store has lost, which counts as nothing.
  if (stat === undefined || stat.isSymbolicLink()) {
    request.begin();
    removeFile(top);
    return true;
  }
  const unchanged = new UnchangedFiles(context);
  const memory = new NodeMemory();
  const there = await scanPath(context, path, hashingSink({ node: memory.sink }), options);
  if (there === undefined) return true;
  const found = { there, reader: memory };
  const total = there.files ?? 1;
  if (!force) await drive(check(context, request, found), { key: `check ${path}`, total }, options);
  options.signal?.throwIfAborted();
  // One file is there or not: no removal of it is ever half done.
  const isFolder = there.kind === 'directory';
  if (isFolder) request.begin();
  const removal = new Removal({ ...context, ...request, top, unchanged });
  const isGone = await drive(removal.run(found), { key: `remove ${path}`, total }, options);
  // Of a file that goes with its pointer, the folder is flushed when that has gone too: once for many.
  if (isFolder) syncDirectory(posix.dirname(`${root}/${path}`));
  context.index.forgetOthers(bytePath(path), new Set());
  context.index.save();
  return isGone;
}

/** What a scan saw, and where the nodes of it, if it is a directory, are read. */
interface Found {
  there: Snapshot;
  reader: NodeMemory;
}

/** Throws `would-lose-bytes` for what is not in the store. */
function* check({ store }: RemovalContext, { path, lastPut }: RemovalRequest, found: Found): Work<void> {
  const { there, reader } = found;
  const lost: string[] = [];
  if (there.kind === 'file' && !(yield* store.holdsInSteps('blob', there.id, there.size))) lost.push(path);
  if (there.kind === 'directory') {
    const known = [...storedTree(store, lastPut), ...storedTree(store, there)];
    for (const { path: below, entry } of walkTree({ reader, id: there.id })) {
      if (entry.kind === 'directory') continue;
      const isKept =
        entry.kind === 'file'
          ? yield* store.holdsInSteps('blob', entry.id, entry.size)
          : standsIn(known, below, entry);
      if (!isKept) lost.push(textBelow(path, below));
      yield 1;
    }
  }
  if (lost.length > 0) throw wouldLose({ tracked: path, removing: true }, lost);
}

interface RemovalParts extends RemovalContext, RemovalRequest {
  root: AbsPath;
  /** Where the path is. */
  top: BytePath;
  unchanged: UnchangedFiles;
}

/** Removes what a scan saw, in the order of a walk: disks are slower by far where it is turned round. */
class Removal {
  readonly #parts: RemovalParts;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /** True if nothing is left. */
  *run({ there, reader }: Found): Work<boolean> {
    const { path, top } = this.#parts;
    if (there.kind === 'directory') return yield* this.#folder({ reader, id: there.id }, '');
    const { id, size, executable = false } = there;
    const name = posix.basename(bytePath(path)) as FileEntry['name'];
    const folder = this.#enter(posix.dirname(top) as BytePath);
    yield* this.#file(folder, { kind: 'file', name, id, size, executable }, '');
    yield 1;
    return true;
  }

  /** `below`: of the folder, below the path itself; raw bytes as latin1, '' for the path. */
  *#folder(tree: TreeRef, below: string): Work<boolean> {
    const { top } = this.#parts;
    const path = below === '' ? top : joinBytes(top, below);
    const folder = this.#enter(path);
    for (const entry of treeEntries(tree)) {
      const inside = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.kind === 'directory') yield* this.#folder(directoryIn(tree, entry), inside);
      else {
        if (entry.kind === 'file') yield* this.#file(folder, entry, inside);
        else this.#link(folder, entry, inside);
        yield 1;
      }
    }
    requireRealFolder(posix.dirname(path) as BytePath, this.#parts);
    return removeEmptyFolder(path);
  }

  #enter(path: BytePath): Folder {
    const { root, index } = this.#parts;
    requireRealFolder(path, this.#parts);
    return { path, block: new BlockReader(index.folder(path.slice(bytePath(root).length + 1) as BytePath)) };
  }

  *#file({ path: folder, block }: Folder, entry: FileEntry, below: string): Work<void> {
    const { force, unchanged } = this.#parts;
    const path = joinBytes(folder, entry.name);
    // The very file that the scan saw need not be looked at through its folders: wherever it is by now, its bytes are stored.
    if (force || !unchanged.isAsRemembered(path, entry, block)) {
      requireRealFolder(folder, this.#parts);
      if (!force && !(yield* unchanged.holds(path, entry))) this.#refuse(path, below);
    }
    removeFile(path);
  }

  #link({ path: folder }: Folder, { name, target }: SymlinkEntry, below: string): void {
    const path = joinBytes(folder, name);
    requireRealFolder(folder, this.#parts);
    if (!this.#parts.force && targetOf(path) !== target) this.#refuse(path, below);
    removeFile(path);
  }

  /** An edit that came since everything was looked at; what is gone meanwhile is no loss. */
  #refuse(path: BytePath, below: string): void {
    const { path: tracked, storeLinks } = this.#parts;
    if (storeLinks.stat(fsPath(path)) === undefined) return;
    throw wouldLose({ tracked, removing: true }, [textBelow(tracked, below)]);
  }
}

/** A folder that things are removed from. */
interface Folder {
  /** Absolute. */
  path: BytePath;
  /** What is remembered of its files. */
  block: BlockReader;
}
