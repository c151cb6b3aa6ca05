import { lstatSync } from 'node:fs';
import { treeEntries, type TreeRef } from '../store/tree-reader.js';
import { bytePath, fsPath, joinBytes, type BytePath } from './byte-path.js';
import type { ScanContext } from './snapshot.js';
import { BlockWriter } from './stat-index-format.js';

/**
 * Puts a folder that was just built aside and renamed into the stat index, so that the next command need not read it.
 * Nobody else knew the files before the rename: those whose times are older than `settledBefore`, asked just before it, hold
 * what was written. `below` is where the folder stands on this machine.
 */
export function rememberFresh(
  context: ScanContext,
  fresh: { tree: TreeRef; below: BytePath; settledBefore: number },
): void {
  const writer = new BlockWriter();
  for (const entry of treeEntries(fresh.tree)) {
    const path = joinBytes(fresh.below, entry.name);
    if (entry.kind === 'directory') {
      rememberFresh(context, { ...fresh, tree: { ...fresh.tree, id: entry.id }, below: path });
    }
    if (entry.kind !== 'file') continue;
    const stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
    const settled = stat && Math.max(stat.mtimeMs, stat.ctimeMs) < fresh.settledBefore;
    if (settled && stat.size === entry.size) writer.add(entry.name, stat, entry.id);
  }
  const relative = fresh.below.slice(bytePath(context.root).length + 1) as BytePath;
  context.index.replaceFolder(relative, writer.finish());
}
