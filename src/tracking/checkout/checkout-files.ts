import { posix } from 'node:path';
import { writeFilesAtomic, type WholeFile } from '../../base/atomic-files.js';
import { OcrpipeError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import type { Breathe } from '../../base/with-progress.js';
import type { FileEntry } from '../../store/tree-format.js';
import { bytePath, joinBytes, type BytePath } from '../byte-path.js';
import type { LastPut, Remembered } from '../pointers/last-put.js';
import { sameSnapshot } from '../pointers/plain-pointer.js';
import { askedOnce } from '../scan/file-times.js';
import { hashingSink } from '../scan/sinks.js';
import { scanPath } from '../scan/snapshot.js';
import { UnchangedFiles } from '../scan/unchanged.js';
import type { CallOptions, CheckedOutFiles, PointedPath, Snapshot } from '../workspace-files.js';
import { linksRefused, refuseOwnFolders } from '../workspace-place.js';
import type { CheckoutContext } from './checkout.js';
import { drive } from './drive.js';
import { PlacedFiles, type PlannedFile } from './placed-files.js';

export interface FilesContext extends Omit<CheckoutContext, 'trees'> {
  lastPut: LastPut;
}

/** What stands there may be lost; or only what ocrpipe put there may be replaced. */
export interface FilesHow {
  force: boolean;
  keepEdits: boolean;
}

/**
 * Checks out many single files, each as `checkOut` does one, at the cost of a few flushes. All are looked at; what is begun is
 * remembered; their bytes are written aside; each gets its name by a rename; each folder is flushed once; and what was put there is
 * remembered. Killed in between, each file is the old or the new one. An abort is heard up to the last name; what is in place by
 * then is in `outcome`.
 */
export async function checkOutFiles(
  context: FilesContext,
  wanted: readonly PointedPath[],
  { how, breathe, ...options }: CallOptions & { how: FilesHow; breathe: Breathe },
  outcome: CheckedOutFiles,
): Promise<void> {
  const unchanged = new UnchangedFiles(context);
  const looking = {
    ...context,
    times: askedOnce(context.times),
    refuseLinksAbove: linksRefused(context.root, { end: false }),
  };
  const planned: PlannedFile[] = [];
  const memory: WholeFile[] = [];
  for (const [done, { path, snapshot }] of wanted.entries()) {
    await breathe(done);
    const found = await unlessRefused(() => lookAt(looking, { path, snapshot }, how, options));
    if (found === undefined) outcome.left.push(path);
    else if ('entry' in found) planned.push(found);
    else {
      outcome.unchanged.push(path);
      memory.push(...toRemember(context.lastPut, { path, snapshot }, found.memory));
    }
  }
  const placed = new PlacedFiles({ ...context, ...how, unchanged });
  try {
    if (planned.length > 0) await placeAll(context.lastPut, placed, planned, options);
  } finally {
    // Whoever stops here has put those before it there.
    for (const { path, snapshot, memory: before } of placed.done) {
      outcome.changed.push(path);
      memory.push(...toRemember(context.lastPut, { path, snapshot }, before));
    }
    await writeFilesAtomic([memory]);
  }
  outcome.left.push(...placed.left.map(({ path }) => path));
}

async function placeAll(
  lastPut: LastPut,
  placed: PlacedFiles,
  planned: PlannedFile[],
  options: CallOptions,
): Promise<void> {
  const begun = planned.map((file) => begin(lastPut, file));
  await writeFilesAtomic([begun.flatMap(({ write }) => write)], { signal: options.signal });
  const driven = { key: 'checkout', total: planned.length, close: () => placed.close() };
  await drive(placed.run(begun.map(({ file }) => file)), driven, options);
}

/**
 * Remembers that a file is about to be put there, where that tells it from an edit: nothing was put there before it, and it is no other
 * version than that.
 */
function begin(lastPut: LastPut, file: PlannedFile): { file: PlannedFile; write: WholeFile[] } {
  const { path, snapshot, memory } = file;
  if (memory.put === undefined || sameSnapshot(memory.put, snapshot)) return { file, write: [] };
  return {
    file: { ...file, memory: { ...memory, begun: snapshot } },
    write: [lastPut.toBegin(path, snapshot, memory)],
  };
}

function toRemember(lastPut: LastPut, { path, snapshot }: PointedPath, before: Remembered): WholeFile[] {
  return [lastPut.toWrite(path, snapshot, [], before)].filter((file) => file !== undefined);
}

/** Undefined for what only `checkOut` can do or refuse. */
async function unlessRefused<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

interface LookingContext extends FilesContext {
  /** A link at the path itself is not followed either. */
  refuseLinksAbove: (path: RepoPath) => void;
}

async function lookAt(
  context: LookingContext,
  { path, snapshot }: PointedPath,
  { force, keepEdits }: FilesHow,
  options: CallOptions,
): Promise<PlannedFile | { memory: Remembered } | undefined> {
  refuseOwnFolders(path);
  context.refuseLinksAbove(path);
  const there = await scanPath(context, path, hashingSink(), options);
  const memory = context.lastPut.read(path);
  // One that counts wrong what it names is refused.
  if (sameSnapshot(there, snapshot)) return there?.size === snapshot.size ? { memory } : undefined;
  const { store } = context;
  if ((there && there.kind !== 'file') || !store.has('blob', snapshot.id)) return undefined;
  if (there && !force) {
    if (keepEdits && isEdited(there, { memory, snapshot })) return undefined;
    const held = store.holdsInSteps('blob', there.id, there.size);
    if (!(await drive(held, { key: `check ${path}`, total: 1 }, options))) return undefined;
  }
  const at = joinBytes(bytePath(context.root), bytePath(path));
  const old = there && entryOf(at, there);
  return { path, at, snapshot, entry: entryOf(at, snapshot), memory, ...(old && { old }) };
}

/** Where nothing is remembered, bytes that are in the store are some earlier version. */
function isEdited(
  there: Snapshot,
  { memory: { put, begun }, snapshot }: { memory: Remembered; snapshot: Snapshot },
): boolean {
  return put !== undefined && ![put, begun, snapshot].some((known) => sameSnapshot(known, there));
}

function entryOf(at: BytePath, { id, size, executable = false }: Snapshot): FileEntry {
  return { kind: 'file', name: posix.basename(at) as FileEntry['name'], id, size, executable };
}
