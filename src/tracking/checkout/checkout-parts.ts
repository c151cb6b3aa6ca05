import { lstatSync } from 'node:fs';
import { fromRepoPath, type RepoPath } from '../../base/paths.js';
import type { LocalStore } from '../../store/local-store.js';
import { findPath, type TreeRef } from '../../store/tree-reader.js';
import { bytePath, joinBytes } from '../byte-path.js';
import { foldersAbove, joinParts, partOf, partPlace, snapshotsWithin } from '../partial/partial.js';
import { memoryForParts, rememberedWithin } from '../partial/parts-memory.js';
import type { LastPut, Remembered } from '../pointers/last-put.js';
import { sameSnapshot } from '../pointers/plain-pointer.js';
import { hashingSink } from '../scan/sinks.js';
import { scanPath, type ScanContext } from '../scan/snapshot.js';
import type { CheckoutOptions, Snapshot } from '../workspace-files.js';
import { wouldUndo } from './checkout-plan.js';
import { removeAt } from './removal.js';
import { removeEmptyFolder } from './write-files.js';

export interface PartsContext {
  scan: ScanContext;
  store: LocalStore;
  lastPut: LastPut;
  /** Puts one part there. */
  checkOut: (part: PlacedPart, options: CheckoutOptions) => Promise<boolean>;
}

export interface PlacedPart {
  path: RepoPath;
  tracked: RepoPath;
  snapshot: Snapshot;
  memory: Remembered;
  begin: () => void;
}

/** See `WorkspaceFiles.checkoutParts`. A part that the directory no longer holds goes, unless it was edited. */
export async function checkOutParts(
  context: PartsContext,
  { path, snapshot }: { path: RepoPath; snapshot: Snapshot },
  options: CheckoutOptions & { parts: readonly RepoPath[] },
): Promise<boolean> {
  const { scan, store, lastPut } = context;
  const tree = { reader: store, id: snapshot.id };
  const before = lastPut.read(path);
  const wanted = withGone(
    options.parts.map((place) => partOf(path, place)),
    { tree, parts: before.parts ?? [] },
  );
  const exists = lstatSync(fromRepoPath(scan.root, path), { throwIfNoEntry: false }) !== undefined;
  const memory = exists ? memoryForParts({ reader: store, path, snapshot, wanted }, before) : { parts: [] };
  const there = snapshotsWithin(tree, wanted);
  const parts = memory.parts && joinParts(memory.parts, [...there.keys()]);
  let [begun, changed] = [false, false];
  const begin = () => {
    if (!begun) lastPut.begin(path, snapshot, parts);
    begun = true;
  };
  const gone = await goneParts(
    context,
    { path, memory, wanted: wanted.filter((part) => !there.has(part)) },
    options,
  );
  await scan.index.savingOnce(async () => {
    for (const [part, within] of there) {
      const here = { path: partPlace(path, part), tracked: path, snapshot: within, begin };
      const known = rememberedWithin(store, memory, part);
      changed = (await context.checkOut({ ...here, memory: known }, options)) || changed;
    }
  });
  for (const { place, put } of gone) {
    begin();
    const { force = false } = options;
    await removeAt({ ...scan, store }, { path: place, lastPut: put, force, begin }, options);
    removeHolders(scan.root, path, { tree, part: partOf(path, place) });
    changed = true;
  }
  lastPut.write(path, snapshot, parts);
  return changed;
}

/** Of parts that were put there before, those that the directory no longer holds are wanted too: gone. */
function withGone(
  wanted: readonly string[],
  { tree, parts }: { tree: TreeRef; parts: readonly string[] },
): string[] {
  return [...new Set([...wanted, ...parts.filter((part) => findPath(tree, part) === undefined)])];
}

/** The folders that held a gone part go with it, where nothing else is in them and the directory has none of the name. */
function removeHolders(root: string, path: RepoPath, { tree, part }: { tree: TreeRef; part: string }): void {
  const top = joinBytes(bytePath(root), bytePath(path));
  for (const folder of foldersAbove(part).reverse()) {
    if (findPath(tree, folder) !== undefined || !removeEmptyFolder(joinBytes(top, folder))) return;
  }
}

interface GonePart {
  place: RepoPath;
  /** What ocrpipe put there. */
  put: Snapshot;
}

/** Parts that ocrpipe put there and that are to go. Throws `would-undo-edits` for one that was edited since, unless `force` is given. */
async function goneParts(
  { scan, store }: PartsContext,
  { path, memory, wanted }: { path: RepoPath; memory: Remembered; wanted: readonly string[] },
  options: CheckoutOptions,
): Promise<GonePart[]> {
  const gone: GonePart[] = [];
  for (const part of wanted) {
    const { put } = rememberedWithin(store, memory, part);
    const place = partPlace(path, part);
    const now = put && (await scanPath(scan, place, hashingSink(), options));
    if (put === undefined || now === undefined) continue;
    if (options.force !== true && !sameSnapshot(put, now)) throw wouldUndo(path, [place]);
    gone.push({ place, put });
  }
  return gone;
}
