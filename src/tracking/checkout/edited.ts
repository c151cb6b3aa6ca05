import { OcrpipeError } from '../../base/errors.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { diffTrees } from '../../store/tree-diff.js';
import { walkTree } from '../../store/tree-reader.js';
import type { Remembered } from '../pointers/last-put.js';
import { sameSnapshot } from '../pointers/plain-pointer.js';
import type { Snapshot } from '../workspace-files.js';

/** What stands at a path, and where the nodes of it, if it is a directory, are read. */
interface Found {
  there: Snapshot;
  reader: ObjectReader;
}

/**
 * The files and links that stand in none of the `known` versions as they do here: edited, added, or moved to another name.
 * Paths are below the path itself ('' for it), raw bytes as latin1, in order. What is missing is no edit. A version that the
 * store does not have explains nothing.
 */
export function editedBelow(
  found: Found,
  { known, store }: { known: readonly Snapshot[]; store: ObjectReader },
): string[] {
  if (known.some((version) => sameSnapshot(version, found.there))) return [];
  if (found.there.kind === 'file') return [''];
  const directories = known.filter(({ kind }) => kind === 'directory');
  let edited: Set<string> | undefined;
  for (const version of directories) {
    const others = differing(found, version, store);
    if (others === undefined) continue;
    edited = edited ? new Set([...edited].filter((path) => others.has(path))) : others;
  }
  return [...(edited ?? allOf(found))];
}

/** True if all that is there stands so in what was last put there or in what was begun; where neither is known, if it is stored. */
export function isUnfinished(
  { memory, ...found }: Found & { memory: Remembered },
  { stored, store }: { stored: () => boolean; store: ObjectReader },
): boolean {
  if (!memory.put) return stored();
  const known = [memory.put, memory.begun].filter((each) => each !== undefined);
  return editedBelow(found, { known, store }).length === 0;
}

/** The files and links of a directory that another version has not, or has otherwise; undefined if it is not known. */
function differing(
  { there, reader }: Found,
  version: Snapshot,
  store: ObjectReader,
): Set<string> | undefined {
  try {
    const paths = new Set<string>();
    for (const { path, old } of diffTrees({ reader, id: there.id }, { reader: store, id: version.id })) {
      if (old && old.kind !== 'directory') paths.add(path);
    }
    return paths;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return undefined;
    throw error;
  }
}

function allOf({ there, reader }: Found): string[] {
  return [...walkTree({ reader, id: there.id })]
    .filter(({ entry }) => entry.kind !== 'directory')
    .map(({ path }) => path);
}
