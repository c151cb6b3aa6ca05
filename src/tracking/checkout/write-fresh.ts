import type { SymlinkEntry, FileEntry } from '../../store/tree-format.js';
import { directoryIn, treeEntries, type TreeRef } from '../../store/tree-reader.js';
import type { BytePath } from '../byte-path.js';
import { FreshFiles, type FreshWriter } from './fresh-files.js';
import { makeFolder, type WaitingLink, type Work } from './write-files.js';

/** A folder that is being written, below the top one ('' for itself). */
interface At {
  tree: TreeRef;
  below: string;
}

interface Target {
  /** The path of what is to stand there. */
  pathOf: (below: string) => BytePath;
  files: FreshFiles;
  links: WaitingLink[];
  check: Check;
}

/** Called with each file and link before it is written. */
type Check = (below: string, entry: FileEntry | SymlinkEntry) => void;

/**
 * Writes a tree into an empty folder that nobody else knows yet: names can be final at once. A name that is there already
 * means that this file system takes two names of the tree for one. Links are returned, to be made last.
 */
export function* writeFresh(
  tree: TreeRef,
  folder: BytePath,
  writer: FreshWriter & { check: Check },
): Work<WaitingLink[]> {
  const links: WaitingLink[] = [];
  const files = new FreshFiles(writer);
  const pathOf = (below: string) => writer.paths.join(folder, below);
  yield* writeFolder({ tree, below: '' }, { pathOf, files, links, check: writer.check });
  yield* files.finish();
  return links;
}

function* writeFolder(at: At, to: Target): Work<void> {
  for (const entry of treeEntries(at.tree)) {
    const below = at.below === '' ? entry.name : `${at.below}/${entry.name}`;
    const path = to.pathOf(below);
    if (entry.kind === 'directory') {
      makeFolder(path);
      yield* writeFolder({ tree: directoryIn(at.tree, entry), below }, to);
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
