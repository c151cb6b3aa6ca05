import { OcrpipeError } from '../../base/errors.js';
import { byteName, type ByteName } from '../../store/byte-name.js';
import { TreeBuilder, type TreeSummary } from '../../store/tree-builder.js';
import type { TreeEntry } from '../../store/tree-format.js';
import { patchTree } from '../../store/tree-patch.js';
import type { ScanSink } from './sinks.js';
import { BlockReader, type FolderBlock } from './stat-index-format.js';

/** A node has about so many entries: where more of them change, there is hardly one that does not. */
const ENTRIES_PER_NODE = 256;

type Changes = ReadonlyMap<string, TreeEntry>;

/** The tree of a remembered folder in which some names stand for something else now. */
export function changedTree(
  known: FolderBlock,
  changes: Changes,
  sink: ScanSink,
  isStored: boolean,
): TreeSummary {
  return patched(known, changes, { sink, isStored }) ?? built(known, changes, sink);
}

/** From the nodes that hold what changed; undefined if they are many, or cannot be read. */
function patched(
  { count, memory }: FolderBlock,
  changes: Changes,
  { sink, isStored }: { sink: ScanSink; isStored: boolean },
): TreeSummary | undefined {
  const { nodes: reader } = sink;
  if (!reader || !memory || changes.size * ENTRIES_PER_NODE > count) return undefined;
  const { id } = memory.tree;
  if (!isStored && !sink.knows(id)) return undefined;
  try {
    return patchTree({ reader, id }, changes, sink.node);
  } catch (error) {
    // Nodes that were lost or damaged are made anew from what is remembered.
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

function built(known: FolderBlock, changes: Changes, sink: ScanSink): TreeSummary {
  const tree = new TreeBuilder(sink.node);
  for (const reader = new BlockReader(known); reader.next();) {
    const name = byteName(reader.name);
    tree.add(changes.get(name) ?? rememberedEntry(name, reader));
  }
  return tree.finish();
}

/** The current entry of `reader`, as that of a tree. */
function rememberedEntry(name: ByteName, reader: BlockReader): TreeEntry {
  if (reader.isFolder) return { kind: 'directory', name, ...reader.tree };
  const { size, mode, id } = reader;
  return { kind: 'file', name, executable: (mode & 0o100) !== 0, size, id };
}
