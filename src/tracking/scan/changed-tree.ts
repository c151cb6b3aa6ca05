import { OcrpipeError } from '../../base/errors.js';
import { byteName, type ByteName } from '../../store/byte-name.js';
import { TreeBuilder, type TreeSummary } from '../../store/tree-builder.js';
import type { TreeEntry } from '../../store/tree-format.js';
import { patchTree } from '../../store/tree-patch.js';
import type { ScanSink } from './sinks.js';
import { BlockReader, type EntryPlace, type FolderBlock } from './stat-index-format.js';

/** A node has about so many entries: where more of them change, there is hardly one that does not. */
const ENTRIES_PER_NODE = 256;

/** What became of a folder whose names are the remembered ones. */
export interface ChangedFolder {
  known: FolderBlock;
  /** By name: what stands for something else now. */
  changes: ReadonlyMap<string, TreeEntry>;
  /** Where other entries stand that may differ from the directory that was stored last. */
  unstored: readonly EntryPlace[];
  /** The store still has that directory. */
  wasStored: boolean;
}

/** The tree of such a folder. */
export function changedTree(folder: ChangedFolder, sink: ScanSink): TreeSummary {
  return patched(folder, sink) ?? built(folder, sink);
}

/** From the nodes that hold what changed; undefined if they are many, or cannot be read. */
function patched(folder: ChangedFolder, sink: ScanSink): TreeSummary | undefined {
  const { nodes: reader } = sink;
  const base = reader && baseOf(folder, sink);
  if (!base || base.changes.size * ENTRIES_PER_NODE > folder.known.count) return undefined;
  try {
    return patchTree({ reader, id: base.id }, base.changes, sink.node);
  } catch (error) {
    // Nodes that were lost or damaged are made anew from what is remembered.
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/** A directory whose nodes are at hand, and what differs from it. */
function baseOf({ known, changes, unstored, wasStored }: ChangedFolder, sink: ScanSink) {
  const { memory } = known;
  if (!memory) return undefined;
  if (wasStored && memory.stored)
    return { id: memory.stored, changes: withRemembered(changes, known, unstored) };
  return sink.knows(memory.tree.id) ? { id: memory.tree.id, changes } : undefined;
}

function withRemembered(
  changes: ChangedFolder['changes'],
  { entries }: FolderBlock,
  places: readonly EntryPlace[],
): ChangedFolder['changes'] {
  const all = new Map(changes);
  for (const { start, end } of places) {
    const reader = new BlockReader({ entries: entries.subarray(start, end) });
    reader.next();
    all.set(reader.name, rememberedEntry(byteName(reader.name), reader));
  }
  return all;
}

function built({ known, changes }: ChangedFolder, sink: ScanSink): TreeSummary {
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
