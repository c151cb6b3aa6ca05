import { OcrpipeError } from '../../base/errors.js';
import { TreeBuilder, type NodeSink, type TreeSummary } from '../../store/tree-builder.js';
import type { DirectoryEntry, TreeEntry, TreeNode } from '../../store/tree-format.js';
import { directoryIn, readChild, readNode, treeEntries, type TreeRef } from '../../store/tree-reader.js';

/** Names of a directory that nobody can tell: all of it, or those behind `after` (none: the first one) up to `last`. */
export interface LostNames {
  /** The directory, below the one that was read: raw bytes as latin1, '' for itself. */
  below: string;
  after?: string | undefined;
  last?: string;
}

interface Reading {
  below: string;
  put: NodeSink;
  lost: LostNames[];
}

/** True if the store cannot give an object that is needed. */
export function isUnreadable(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && ['object-missing', 'object-damaged'].includes(error.code);
}

/**
 * A directory with what can be read of its nodes, and in the place of what cannot be what `there` has of these names: put over
 * `there`, it changes nothing of which nothing is known. Its nodes are handed to `put`, what was lost is added to `lost`. Undefined
 * if not even its topmost node can be read.
 */
export function readableTree(
  tree: TreeRef,
  there: TreeRef | undefined,
  reading: Reading,
): TreeSummary | undefined {
  const node = unlessUnreadable(() => readNode(tree));
  if (node === undefined) return undefined;
  const standing = there ? [...treeEntries(there)] : [];
  const byName = new Map(standing.map((entry) => [entry.name as string, entry]));
  const builder = new TreeBuilder(reading.put);
  const instead = (after: string | undefined, last: string): TreeEntry[] => {
    reading.lost.push({ below: reading.below, after, last });
    return standing.filter(({ name }) => (after === undefined || name > after) && name <= last);
  };
  for (const entry of readableEntries(tree, node, { after: undefined, instead })) {
    const now = byName.get(entry.name);
    const readable = entry === now || entry.kind !== 'directory' ? entry : readableFolder(entry, now);
    if (readable) builder.add(readable);
  }
  return builder.finish();

  function readableFolder(entry: DirectoryEntry, now: TreeEntry | undefined): TreeEntry | undefined {
    const below = reading.below === '' ? entry.name : `${reading.below}/${entry.name}`;
    const inThere = now?.kind === 'directory' && there ? directoryIn(there, now) : undefined;
    const summary = readableTree(directoryIn(tree, entry), inThere, { ...reading, below });
    if (summary === undefined) reading.lost.push({ below });
    return summary ? { kind: 'directory', name: entry.name, ...summary } : now;
  }
}

interface Range {
  /** The last name before this node, if any. */
  after: string | undefined;
  /** What stands for the names of a node that cannot be read. */
  instead: (after: string | undefined, last: string) => TreeEntry[];
}

function* readableEntries(tree: TreeRef, node: TreeNode, { after, instead }: Range): Generator<TreeEntry> {
  if (!('children' in node)) {
    yield* node.entries;
    return;
  }
  for (const child of node.children) {
    const below = unlessUnreadable(() => readChild(tree, node.level, child));
    yield* below ? readableEntries(tree, below, { after, instead }) : instead(after, child.last);
    after = child.last;
  }
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
