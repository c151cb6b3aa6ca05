import { encodeNode, entryLength, type InnerEntry, type TreeEntry, type TreeNode } from './tree-format.js';
import type { NodeSink, TreeSummary } from './tree-builder.js';
import { readChild, readNode, totalsOfNode, type TreeRef } from './tree-reader.js';

type Changes = ReadonlyMap<string, TreeEntry>;

/**
 * The directory that `tree` becomes where some of its names stand for something else, as `TreeBuilder` would build it: where a
 * directory is cut depends on its names and on the lengths of its entries, so only the nodes that hold such a name, and those
 * above them, are read and made anew. Undefined where a name is new or its entry has another length: then it must be built
 * from all of its entries. Throws what `readNode` throws.
 */
export function patchTree(tree: TreeRef, changes: Changes, put: NodeSink): TreeSummary | undefined {
  const names = [...changes.keys()].sort((a, b) => (a < b ? -1 : 1));
  return patchNode(readNode(tree), { names, tree, changes, put });
}

interface Patch {
  /** Those of the changed names that are below the node, ascending. */
  names: readonly string[];
  tree: TreeRef;
  changes: Changes;
  put: NodeSink;
}

function patchNode(node: TreeNode, patch: Patch): TreeSummary | undefined {
  const patched = 'children' in node ? withChildren(node, patch) : withEntries(node, patch);
  if (!patched) return undefined;
  const { files, bytes } = totalsOfNode(patched);
  return { id: patch.put(encodeNode(patched)), files, bytes };
}

function withEntries(
  { entries }: { entries: readonly TreeEntry[] },
  { names, changes }: Patch,
): TreeNode | undefined {
  let found = 0;
  const patched = entries.map((entry) => {
    const changed = changes.get(entry.name);
    if (!changed || entryLength(changed) !== entryLength(entry)) return entry;
    found += 1;
    return changed;
  });
  return found === names.length ? { level: 0, entries: patched } : undefined;
}

function withChildren(
  { level, children }: { level: number; children: readonly InnerEntry[] },
  patch: Patch,
): TreeNode | undefined {
  const patched: InnerEntry[] = [];
  let from = 0;
  for (const child of children) {
    let to = from;
    while (to < patch.names.length && patch.names[to]! <= child.last) to += 1;
    const names = patch.names.slice(from, to);
    from = to;
    const summary =
      names.length === 0 ? child : patchNode(readChild(patch.tree, level, child), { ...patch, names });
    if (!summary) return undefined;
    patched.push({ ...summary, last: child.last });
  }
  return from === patch.names.length ? { level, children: patched } : undefined;
}
