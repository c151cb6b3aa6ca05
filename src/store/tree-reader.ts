import type { ContentId } from '../base/content-id.js';
import type { OcrpipeError } from '../base/errors.js';
import type { NodeKind } from './format.js';
import type { ObjectReader } from './object-reader.js';
import {
  decodeNode,
  entryTotals,
  MAX_TREE_FILES,
  treeInvalid,
  type DirectoryEntry,
  type InnerEntry,
  type TreeEntry,
  type TreeNode,
} from './tree-format.js';

/** Directories below each other that are followed: paths on disk end at 4,096 bytes, long before. */
export const MAX_TREE_DEPTH = 1024;

/** So many directories a walk enters at most, and so many without a file below: one node can be named any number of times. */
const MAX_DIRECTORIES = 2 ** 22;
export const MAX_EMPTY_DIRECTORIES = 2 ** 18;

/** What is said of a node where it is named. */
interface Totals {
  files: number;
  bytes: number;
}

/** A directory in some store: where it is read, which kind its nodes have, which it is. */
export interface TreeRef {
  reader: ObjectReader;
  /** `tree` if not given. */
  kind?: NodeKind;
  id: ContentId;
  /** What the entry that names it says of it: it is refused if that is not so. */
  says?: Totals;
}

/** A directory that an entry of `tree` names. */
export function directoryIn({ reader, kind }: TreeRef, { id, files, bytes }: DirectoryEntry): TreeRef {
  return { reader, ...(kind && { kind }), id, says: { files, bytes } };
}

/** An entry and its path below the walked directory: raw bytes as latin1, '/'-separated. */
export interface WalkedEntry {
  path: string;
  entry: TreeEntry;
}

/**
 * Reads the topmost node of a directory. Throws `object-missing`, `object-damaged` or `tree-invalid`, that also where the node
 * is not what the entry above says of it: as this holds for each node, totals can be believed once a node is read.
 */
export function readNode(tree: TreeRef): TreeNode {
  const node = readBare(tree, tree.id);
  if (tree.says) checkTotals(tree.id, totalsOfNode(node), tree.says);
  return node;
}

function readBare({ reader, kind = 'tree' }: TreeRef, id: ContentId): TreeNode {
  const node = decodeNode(reader.read(kind, id), id);
  const { files, bytes } = totalsOfNode(node);
  if (files > MAX_TREE_FILES) throw treeInvalid(id, `it claims ${files} files`);
  if (!Number.isSafeInteger(bytes)) throw treeInvalid(id, `it claims ${bytes} bytes`);
  return node;
}

function checkTotals(id: ContentId, is: Totals, says: Totals): void {
  if (is.files === says.files && is.bytes === says.bytes) return;
  throw treeInvalid(
    id,
    `it holds ${is.files} files of ${is.bytes} bytes, and where it is named that is said to be ${says.files} of ${says.bytes}`,
  );
}

/**
 * Reads the node that an inner entry stands for, and checks that it is what that entry says: one level lower, not empty, with
 * the same last name and totals. So a walk always ends, and totals can be believed.
 */
export function readChild(tree: TreeRef, parentLevel: number, child: InnerEntry): TreeNode {
  const node = readBare(tree, child.id);
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

/** How many files a directory holds, and their bytes. Throws like `readNode`. */
export function totalsOf(tree: TreeRef): Totals {
  const { files, bytes } = totalsOfNode(readNode(tree));
  return { files, bytes };
}

/** What a node stands for where it is named. */
export function totalsOfNode(node: TreeNode): Totals & { last: InnerEntry['last'] | undefined } {
  const inner = 'children' in node;
  let files = 0;
  let bytes = 0;
  for (const entry of inner ? node.children : node.entries) {
    const totals = entryTotals(entry);
    files += totals.files;
    bytes += totals.bytes;
  }
  return { last: inner ? node.children.at(-1)?.last : node.entries.at(-1)?.name, files, bytes };
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
    at = findEntry(at === undefined ? tree : directoryIn(tree, at), name);
    if (at === undefined) return undefined;
  }
  return at;
}

/** How far a walk has come: it ends, whatever the trees are that it walks. */
export class WalkLimits {
  #directories = 0;
  #empty = 0;

  /** Call for each directory that is entered, which lies `depth` others deep. Throws `tree-invalid`. */
  enter({ id, says }: TreeRef, depth: number): void {
    if (depth > MAX_TREE_DEPTH) throw treeInvalid(id, `it lies more than ${MAX_TREE_DEPTH} directories deep`);
    this.#directories += 1;
    if (says?.files === 0) this.#empty += 1;
    if (this.#directories > MAX_DIRECTORIES) throw tooMany(id, MAX_DIRECTORIES, 'directories');
    if (this.#empty > MAX_EMPTY_DIRECTORIES) throw tooMany(id, MAX_EMPTY_DIRECTORIES, 'empty directories');
  }
}

function tooMany(id: ContentId, most: number, what: string): OcrpipeError {
  return treeInvalid(id, `it is one of more than ${most} ${what} in one`);
}

/** Everything below a directory: each directory before what is in it, names in order. */
export function walkTree(tree: TreeRef, prefix = ''): Generator<WalkedEntry> {
  return walkBelow(tree, { prefix, depth: 0, limits: new WalkLimits() });
}

function* walkBelow(
  tree: TreeRef,
  { prefix, depth, limits }: { prefix: string; depth: number; limits: WalkLimits },
): Generator<WalkedEntry> {
  limits.enter(tree, depth);
  for (const entry of treeEntries(tree)) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    yield { path, entry };
    if (entry.kind === 'directory') {
      yield* walkBelow(directoryIn(tree, entry), { prefix: path, depth: depth + 1, limits });
    }
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
  const seen = new Map<ContentId, Totals>();
  const waiting: Waiting[] = [{ id: tree.id, ...(tree.says && { says: tree.says }) }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { id, says, parent } = next;
    const known = seen.get(id);
    if (known && says) checkTotals(id, known, says);
    if (known || skip(id)) continue;
    const node = parent ? readChild(tree, parent.level, parent.entry) : readBare(tree, id);
    const totals = totalsOfNode(node);
    if (says) checkTotals(id, totals, says);
    seen.set(id, totals);
    yield { id, node };
    waiting.push(...waitingIn(node).reverse());
  }
}

/** A node that is to be visited: of a directory as its entry says, or of a higher node. */
interface Waiting {
  id: ContentId;
  says?: Totals;
  parent?: { level: number; entry: InnerEntry };
}

function waitingIn(node: TreeNode): Waiting[] {
  const { level } = node;
  if ('children' in node) {
    return node.children.map((entry) => ({ id: entry.id, says: entry, parent: { level, entry } }));
  }
  return node.entries.flatMap((entry) => (entry.kind === 'directory' ? [{ id: entry.id, says: entry }] : []));
}
