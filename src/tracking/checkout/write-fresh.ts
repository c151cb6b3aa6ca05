import type { SymlinkEntry, FileEntry } from '../../store/tree-format.js';
import { directoryIn, treeEntries, type TreeRef } from '../../store/tree-reader.js';
import { joinBytes, type BytePath } from '../byte-path.js';
import { FreshFiles, type FreshWriter } from './fresh-files.js';
import { makeFolder, type WaitingLink, type Work } from './write-files.js';

/** A folder that is being written, and what stands in it below the top one. */
interface At {
  tree: TreeRef;
  folder: BytePath;
  below: string;
}

/** Called with each file and link before it is written. */
type Check = (below: string, entry: FileEntry | SymlinkEntry) => void;

/**
 * Writes a tree into a new folder that nobody else knows yet: names can be final at once. A name that is there already
 * means that this file system takes two names of the tree for one. Links are returned, to be made last.
 */
export function* writeFresh(
  tree: TreeRef,
  folder: BytePath,
  writer: FreshWriter & { check: Check },
): Work<WaitingLink[]> {
  const links: WaitingLink[] = [];
  const files = new FreshFiles(writer);
  yield* writeFolder({ tree, folder, below: '' }, { files, links, check: writer.check });
  yield* files.finish();
  return links;
}

function* writeFolder(at: At, to: { files: FreshFiles; links: WaitingLink[]; check: Check }): Work<void> {
  makeFolder(at.folder);
  for (const entry of treeEntries(at.tree)) {
    const path = joinBytes(at.folder, entry.name);
    const below = at.below === '' ? entry.name : `${at.below}/${entry.name}`;
    if (entry.kind === 'directory') {
      yield* writeFolder({ tree: directoryIn(at.tree, entry), folder: path, below }, to);
      continue;
    }
    to.check(below, entry);
    if (entry.kind === 'file') yield* to.files.add({ path, below, entry });
    else {
      to.links.push({ path, target: entry.target });
      yield 1;
    }
  }
}
