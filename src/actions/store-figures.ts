import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import type { Workspace } from '../project/workspace.js';
import { listStore } from '../store/fsck/store-files.js';
import type { Snapshot } from '../tracking/workspace-files.js';

/** A number of files and their bytes. */
export interface Amount {
  files: number;
  bytes: number;
}

/** How much a store holds, and for how much that stands. */
export interface StoreFigures {
  folder: string;
  /** What the pointers of the workspace name, each path by itself. */
  tracked: Amount;
  /** Packs, large blobs and run records: what the store holds. */
  stored: Amount;
  /** Small blobs and nodes; `objects` counts them. */
  packs: Amount & { objects: number };
  /** Large blobs, in a file each. */
  large: Amount;
  runs: Amount;
  /** On their way out: whoever misses them brings them back. */
  trash: Amount;
  /** What was found damaged. */
  quarantine: Amount;
  /** What running commands are writing, and what killed ones left. */
  tmp: Amount;
  /** Bytes tracked for each byte that packs and large blobs take; absent of an empty store. */
  dedup?: number;
}

/** Adds up names and sizes; no file is read but pointers and the tables of packs. */
export function storeFigures(workspace: Workspace, paths: readonly RepoPath[]): StoreFigures {
  const { store } = workspace;
  const { files, trash, quarantine, tmp } = listStore(store.root);
  const of = (what: string): Amount => amountOf(files.filter((file) => file.what === what));
  const [packs, large] = [of('pack'), of('blob')];
  const tracked = trackedBy(workspace, paths);
  const held = packs.bytes + large.bytes;
  return {
    folder: store.root,
    tracked,
    stored: amountOf(files),
    packs: { ...packs, objects: store.packs().reduce((sum, { count }) => sum + count, 0) },
    large,
    runs: of('run'),
    trash: amountOf(trash),
    quarantine: amountOf(quarantine),
    tmp: amountOf(tmp),
    ...(held > 0 && { dedup: tracked.bytes / held }),
  };
}

function amountOf(files: readonly { size: number }[]): Amount {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

function trackedBy({ files }: Workspace, paths: readonly RepoPath[]): Amount {
  const snapshots = paths.flatMap((path) => soundPointer(() => files.pointer(path)));
  return {
    files: snapshots.reduce((sum, each) => sum + (each.files ?? 1), 0),
    bytes: snapshots.reduce((sum, { size }) => sum + size, 0),
  };
}

/** A pointer that cannot be read is told as one elsewhere. */
function soundPointer(read: () => Snapshot | undefined): Snapshot[] {
  try {
    const snapshot = read();
    return snapshot ? [snapshot] : [];
  } catch (error) {
    if (error instanceof OcrpipeError) return [];
    throw error;
  }
}
