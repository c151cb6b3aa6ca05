import type { ContentId } from '../base/content-id.js';
import type { NodeKind } from './format.js';
import type { ObjectReader } from './object-reader.js';
import { decodeNode, treeInvalid, type InnerEntry, type TreeEntry, type TreeNode } from './tree-format.js';

/** Directories below each other that are followed: paths on disk end at 4,096 bytes, long before. */
export const MAX_TREE_DEPTH = 1024;

/** A directory in some store: where it is read, which kind its nodes have, which it is. */
export interface TreeRef {
  reader: ObjectReader;
  /** `tree` if not given. */
  kind?: NodeKind;
  id: ContentId;
}

/** An entry and its path below the walked directory: raw bytes as latin1, '/'-separated. */
export interface WalkedEntry {
  path: string;
  entry: TreeEntry;
}

/** Reads one node. Throws `object-missing`, `object-damaged` or `tree-invalid`. */
export function readNode(tree: TreeRef): TreeNode {
  const kind = tree.kind ?? 'tree';
  return decodeNode(tree.reader.read(kind, tree.id), tree.id);
}

/**
 * Reads the node that an inner entry stands for, and checks that it is what that entry says: one level lower, not empty, with
 * the same last name and totals. So a walk always ends, and totals can be believed.
 */
export function readChild(tree: TreeRef, parentLevel: number, child: InnerEntry): TreeNode {
  const node = readNode({ ...tree, id: child.id });
  const totals = totalsOfNode(node);
  if (
    node.level !== parentLevel - 1 ||
    totals.last !== child.last ||
    totals.files !== child.files ||
    totals.bytes !== child.bytes
  ) {
    throw treeInvalid(child.id, 'it is not what the node above says of it');
  }
  return node;
}

function totalsOfNode(node: TreeNode): { last: string | undefined; files: number; bytes: number } {
  if ('children' in node) {
    return {
      last: node.children.at(-1)?.last,
      files: node.children.reduce((sum, child) => sum + child.files, 0),
      bytes: node.children.reduce((sum, child) => sum + child.bytes, 0),
    };
  }
  let files = 0;
  let bytes = 0;
  for (const entry of node.entries) {
    files += entry.kind === 'directory' ? entry.files : 1;
    bytes += entry.kind === 'directory' ? entry.bytes : entry.kind === 'file' ? entry.size : 0;
  }
  return { last: node.entries.at(-1)?.name, files, bytes };
}

/** The entries of one directory, in order, one node in memory at a level. */
export function* treeEntries(tree: TreeRef): Generator<TreeEntry> {
  yield* entriesOfNode(tree, readNode(tree));
}

function* entriesOfNode(tree: TreeRef, node: TreeNode): Generator<TreeEntry> {
  if (!('children' in node)) {
    yield* node.entries;
    return;
  }
  for (const child of node.children) yield* entriesOfNode(tree, readChild(tree, node.level, child));
}

/** The entry of that name in one directory, or undefined; reads one node a level. */
export function findEntry(tree: TreeRef, name: string): TreeEntry | undefined {
  let node = readNode(tree);
  while ('children' in node) {
    const child = node.children.find(({ last }) => name <= last);
    if (!child) return undefined;
    node = readChild(tree, node.level, child);
  }
  return node.entries.find((entry) => entry.name === name);
}

/** The entry at a path below a directory (raw bytes as latin1, '/'-separated), or undefined. */
export function findPath(tree: TreeRef, path: string): TreeEntry | undefined {
  let at: TreeEntry | undefined;
  for (const name of path.split('/')) {
    if (at !== undefined && at.kind !== 'directory') return undefined;
    at = findEntry(at === undefined ? tree : { ...tree, id: at.id }, name);
    if (at === undefined) return undefined;
  }
  return at;
}

/** Everything below a directory: each directory before what is in it, names in order. */
export function* walkTree(tree: TreeRef, prefix = '', depth = 0): Generator<WalkedEntry> {
  if (depth > MAX_TREE_DEPTH)
    throw treeInvalid(tree.id, `it lies more than ${MAX_TREE_DEPTH} directories deep`);
  for (const entry of treeEntries(tree)) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    yield { path, entry };
    if (entry.kind === 'directory') yield* walkTree({ ...tree, id: entry.id }, path, depth + 1);
  }
}

/** A node of a tree that was visited: of the directory itself or of one below. */
export interface VisitedNode {
  id: ContentId;
  node: TreeNode;
}

/**
 * Every node of a directory and of those below, parents first, each id once; `skip` says which not to read (and so nothing
 * below them): what a push, a check or a collection of garbage walks.
 */
export function* walkNodes(
  tree: TreeRef,
  skip: (id: ContentId) => boolean = () => false,
): Generator<VisitedNode> {
  const seen = new Set<ContentId>();
  const waiting: { id: ContentId; parent?: { level: number; entry: InnerEntry } }[] = [{ id: tree.id }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next.id) || skip(next.id)) continue;
    seen.add(next.id);
    const { parent, id } = next;
    const node = parent ? readChild(tree, parent.level, parent.entry) : readNode({ ...tree, id });
    yield { id, node };
    const { level } = node;
    if ('children' in node) {
      waiting.push(...node.children.map((entry) => ({ id: entry.id, parent: { level, entry } })).reverse());
    } else {
      waiting.push(...node.entries.filter((entry) => entry.kind === 'directory').reverse());
    }
  }
}
