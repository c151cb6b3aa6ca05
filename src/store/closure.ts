import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import type { ObjectKind } from './format.js';
import { readNode, walkNodes, type TreeRef } from './tree-reader.js';

/** An object that a directory needs. */
export interface NeededObject {
  kind: ObjectKind;
  id: ContentId;
  /** Bytes of a blob, as its directory says; absent for a node. */
  size?: number;
}

/**
 * Every object that a directory is made of, its nodes and the blobs of its files, each once. `skip` names nodes that are not
 * read and below which nothing is named. The files of a `listing` need not be stored and are left out.
 * Throws `object-missing` where a node cannot be read.
 */
export function* objectsOf(
  tree: TreeRef,
  skip: (id: ContentId) => boolean = () => false,
): Generator<NeededObject> {
  const kind = tree.kind ?? 'tree';
  const seen = new Set<ContentId>();
  for (const { id, node } of walkNodes(tree, skip)) {
    yield { kind, id };
    if ('children' in node || kind === 'listing') continue;
    for (const entry of node.entries) {
      if (entry.kind !== 'file' || seen.has(entry.id)) continue;
      seen.add(entry.id);
      yield { kind: 'blob', id: entry.id, size: entry.size };
    }
  }
}

/** True if the nodes of one directory can be read; nothing is said of its files and of the directories in it. */
export function hasOwnNodes(tree: TreeRef): boolean {
  if (!tree.reader.has(tree.kind ?? 'tree', tree.id)) return false;
  try {
    const node = readNode(tree);
    return !('children' in node) || node.children.every(({ id }) => hasOwnNodes({ ...tree, id }));
  } catch (error) {
    if (error instanceof OcrpipeError) return false;
    throw error;
  }
}

/**
 * What is missing for a directory to be whole: nodes and blobs that the reader does not have. Below a missing node nothing
 * more can be said, and a blob that several files need is named for each. Nothing may be given a name before this is empty: presence is asked of the store, each object by itself.
 */
export function* missingFrom(tree: TreeRef): Generator<NeededObject> {
  const kind = tree.kind ?? 'tree';
  const missing: NeededObject[] = [];
  const skipAbsent = (id: ContentId): boolean => {
    if (tree.reader.has(kind, id)) return false;
    missing.push({ kind, id });
    return true;
  };
  for (const { node } of walkNodes(tree, skipAbsent)) {
    if ('children' in node || kind === 'listing') continue;
    for (const entry of node.entries) {
      if (entry.kind === 'file' && !tree.reader.has('blob', entry.id, entry.size))
        yield { kind: 'blob', id: entry.id, size: entry.size };
    }
  }
  yield* missing;
}
