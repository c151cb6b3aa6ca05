import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import type { Breathe } from '../base/with-progress.js';
import { missingFrom, type NeededObject } from '../store/closure.js';
import type { LocalStore } from '../store/local-store.js';
import { flushRecentNames } from '../store/recent-names.js';
import type { ObjectReader } from '../store/object-reader.js';
import { TreeBuilder } from '../store/tree-builder.js';
import { bytePath } from './byte-path.js';
import { lacksNew } from './partial/partial.js';
import type { LastPut, Remembered } from './pointers/last-put.js';
import { isInvalidTree } from './invalid-tree.js';
import type { StatIndex } from './scan/stat-index.js';
import type { Snapshot } from './workspace-files.js';

/** The first object that a snapshot needs and `reader` does not have, if any. */
export function firstMissing(reader: ObjectReader, { kind, id }: Snapshot): NeededObject | undefined {
  if (kind === 'file') return reader.has('blob', id) ? undefined : { kind: 'blob', id };
  try {
    for (const object of missingFrom({ reader, id })) return object;
    return undefined;
  } catch (error) {
    // Of a tree that is refused nothing can be used.
    if (isInvalidTree(error)) return { kind: 'tree', id };
    throw error;
  }
}

/**
 * Throws `pointer-to-nothing` unless all that each snapshot needs is in the store; of a path that is only partly there, what
 * differs from the rest. A power cut does not take it either from then on.
 */
export async function requireStored(
  { store, index, lastPut }: { store: LocalStore; index: StatIndex; lastPut: LastPut },
  pointed: readonly { path: RepoPath; snapshot: Snapshot }[],
  breathe: Breathe,
): Promise<void> {
  const has = (id: ContentId, size: number) => store.has('blob', id, size);
  const packs = () => store.packSizes();
  const asked = pointed.filter(
    ({ path, snapshot }) => !index.isStored(bytePath(path), snapshot.id, { packs, has }),
  );
  // Asked now: what was looked up hours ago may have been collected since.
  if (asked.length > 0) store.refresh();
  for (const { path, snapshot } of asked) {
    await breathe(0);
    if (isStoredEdit(store, lastPut.read(path), snapshot)) continue;
    const missing = firstMissing(store, snapshot);
    if (missing !== undefined) throw pointerToNothing(path, missing);
  }
  if (pointed.length > 0) flushRecentNames(store.root);
}

function pointerToNothing(path: RepoPath, { kind, id }: NeededObject): OcrpipeError {
  return new OcrpipeError(
    'pointer-to-nothing',
    `the pointer of ${path} is not written: the ${kind} ${id} that it needs is not in the store`,
    { hint: `Run the same command again, or 'ocrpipe pull ${shellQuote(path)}' first if a remote has it.` },
  );
}

/** True if the path is only partly there, and of the snapshot what differs from the rest is stored. */
function isStoredEdit(reader: ObjectReader, { put, parts }: Remembered, snapshot: Snapshot): boolean {
  if (parts === undefined || put?.kind !== 'directory' || snapshot.kind !== 'directory') return false;
  if (!reader.has('tree', snapshot.id)) return false;
  return !lacksNew({ reader, id: put.id }, { reader, id: snapshot.id });
}

/** Stores the directory that holds nothing. */
export function emptyDirectory(store: LocalStore): Snapshot {
  const writer = store.writer();
  try {
    const { id } = new TreeBuilder((node) => writer.putTree(node, 'tree')).finish();
    writer.finish();
    return { id, kind: 'directory', size: 0, files: 0 };
  } catch (error) {
    writer.abort();
    throw error;
  }
}
