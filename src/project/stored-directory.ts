import { posix } from 'node:path';
import { OcrpipeError } from '../base/errors.js';
import type { ObjectReader } from '../store/object-reader.js';
import type { LocalStore } from '../store/local-store.js';
import { diffTrees, sameEntry } from '../store/tree-diff.js';
import type { TreeEntry } from '../store/tree-format.js';
import type { TreeRef } from '../store/tree-reader.js';
import { textOfBytes } from '../base/byte-text.js';
import { bytePath } from '../tracking/byte-path.js';
import { snapshotWithin } from '../tracking/partial/partial.js';
import type { Snapshot } from '../tracking/workspace-files.js';

/** A file of a directory that differs between two states of it. */
export interface DirectoryChange {
  path: string;
  change: 'added' | 'modified' | 'deleted';
  old?: TreeEntry;
  new?: TreeEntry;
}

/** The stored nodes of a directory: of the tree itself, or of its listing. */
function storedNodes(store: LocalStore, directory: Snapshot): TreeRef | undefined {
  if (directory.kind !== 'directory') return undefined;
  const kind = (['tree', 'listing'] as const).find((each) => store.has(each, directory.id));
  return kind && { reader: store, kind, id: directory.id };
}

/** What a stored directory holds at a path below it; undefined if nothing, or if the store does not know. */
export function entryWithin(store: LocalStore, directory: Snapshot, path: string): Snapshot | undefined {
  const tree = storedNodes(store, directory);
  const normal = posix.normalize(path);
  return tree && orNothing(() => snapshotWithin(tree, bytePath(normal)));
}

/**
 * What differs between two directories, by path; undefined if the store does not know both. Files and links only. `nodes`:
 * where those of `after` are read instead of in the store.
 */
export function directoryChanges(
  store: LocalStore,
  before: Snapshot,
  after: Snapshot & { nodes?: ObjectReader | undefined },
): DirectoryChange[] | undefined {
  const given = after.kind === 'directory' && after.nodes && { reader: after.nodes, id: after.id };
  const [old, now] = [storedNodes(store, before), given || storedNodes(store, after)];
  return old && now && orNothing(() => changesBetween(old, now));
}

/** The files that differ between two trees; undefined stands for no directory. */
export function changesBetween(before: TreeRef | undefined, after: TreeRef | undefined): DirectoryChange[] {
  const changes: DirectoryChange[] = [];
  for (const { path, old, new: now } of diffTrees(before, after)) {
    const [left, right] = [fileOf(old), fileOf(now)];
    if (!left && !right) continue;
    if (left && right && sameEntry(left, right)) continue;
    const change = !left ? 'added' : !right ? 'deleted' : 'modified';
    changes.push({
      path: textOfBytes(path),
      change,
      ...(left && { old: left }),
      ...(right && { new: right }),
    });
  }
  return changes;
}

function fileOf(entry: TreeEntry | undefined): TreeEntry | undefined {
  return entry?.kind === 'directory' ? undefined : entry;
}

/** What cannot be read is as good as not stored: the caller has another way to say it. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
