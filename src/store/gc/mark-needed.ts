import type { ContentId } from '../../base/content-id.js';
import type { Breathe } from '../../base/with-progress.js';
import type { NodeKind } from '../format.js';
import type { NeededRoot } from '../needed-root.js';
import type { ObjectReader } from '../object-reader.js';
import { readNode, type TreeRef } from '../tree-reader.js';
import type { Marks } from './marks.js';

/** A node that a root needs and the store does not have. */
export interface AbsentNode {
  readonly kind: NodeKind;
  readonly id: ContentId;
  readonly root: NeededRoot;
}

export interface Marking {
  readonly marks: Marks;
  readonly reader: ObjectReader;
  /** Called once for each: what lies below it is not known. */
  readonly absent: (node: AbsentNode) => void;
  /** Called with how many nodes were read, wherever it may stop. */
  readonly breathe?: Breathe;
}

/**
 * Marks what the roots need: nodes and, below trees, the blobs of their files. Absent blobs are nobody's concern here: there is
 * nothing to keep. Throws `object-damaged` or `tree-invalid` for a node that cannot be read.
 */
export async function markNeeded(roots: readonly NeededRoot[], marking: Marking): Promise<void> {
  // What an optional root marked is not walked again: nothing absent below it would be told any more.
  const inOrder = [
    ...roots.filter(({ optional }) => optional !== true),
    ...roots.filter(({ optional }) => optional === true),
  ];
  const walk = { ...marking, seen: new Set<string>(), nodes: 0 };
  for (const root of inOrder) {
    await marking.breathe?.(walk.nodes);
    if (root.kind === 'blob') marking.marks.mark('blob', root.id);
    else await markTree(root, root.kind, walk);
  }
}

interface Walk extends Marking {
  /** Absent nodes that were told. */
  readonly seen: Set<string>;
  /** How many were read. */
  nodes: number;
}

async function markTree(root: NeededRoot, kind: NodeKind, walk: Walk): Promise<void> {
  const { marks, reader, absent, seen, breathe } = walk;
  const waiting = [root.id];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const found = marks.mark(kind, id);
    const isNew = found === 'absent' && !seen.has(kind + id);
    if (isNew) seen.add(kind + id);
    // Stored, or brought back from the trash, since the inventory was taken: it is not judged itself, but what it names is needed.
    const isLater = isNew && reader.has(kind, id);
    if (isNew && !isLater && root.optional !== true) absent({ kind, id, root });
    if (found !== 'new' && !isLater) continue;
    waiting.push(...below({ reader, kind, id }, marks));
    walk.nodes += 1;
    await breathe?.(walk.nodes);
  }
}

/** Marks the files that a node names; returns the nodes that it names. */
function below(tree: TreeRef & { kind: NodeKind }, marks: Marks): ContentId[] {
  const node = readNode(tree);
  if ('children' in node) return node.children.map(({ id }) => id);
  const nodes: ContentId[] = [];
  for (const entry of node.entries) {
    if (entry.kind === 'directory') nodes.push(entry.id);
    else if (entry.kind === 'file' && tree.kind === 'tree') marks.mark('blob', entry.id);
  }
  return nodes;
}
