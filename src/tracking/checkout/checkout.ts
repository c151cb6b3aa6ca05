import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { syncDirectory } from '../../base/atomic-file.js';
import type { LinkType } from '../../base/link-type.js';
import type { RepoPath } from '../../base/paths.js';
import { removeTree } from '../../base/remove-tree.js';
import { writePoint } from '../../base/write-points.js';
import type { LocalStore } from '../../store/local-store.js';
import type { ObjectReader } from '../../store/object-reader.js';
import type { FileEntry } from '../../store/tree-format.js';
import { walkTree, type TreeRef } from '../../store/tree-reader.js';
import { removeAbandonedIn } from '../abandoned.js';
import { bytePath, fsPath, joinBytes, textBelow, type BytePath } from '../byte-path.js';
import {
  planChanges,
  refuseEscapingLink,
  refuseLosses,
  standsIn,
  storedTree,
  wouldLose,
  wouldUndo,
  type PlannedChange,
} from './checkout-plan.js';
import { drive } from './drive.js';
import { editedBelow } from './edited.js';
import { seeIgnored } from './ignored-names.js';
import { LargeFiles } from './large-files.js';
import { PlacingThreads } from './placing-threads.js';
import { replaceFile } from './put-file.js';
import { relink } from './relink.js';
import { FreshMemory } from './remember.js';
import { NodeMemory, hashingSink } from '../scan/sinks.js';
import { scanPath, type ScanContext } from '../scan/snapshot.js';
import { UnchangedFiles } from '../scan/unchanged.js';
import { requireRealFolder } from './real-folders.js';
import { ShortPaths } from './short-paths.js';
import { refuseNothingToPlace, requireListing, Unplaced } from './unplaced.js';
import { namedInvalid } from '../invalid-tree.js';
import { linkInPlaceHint, refuseLinks } from '../workspace-place.js';
import type { CallOptions, Snapshot } from '../workspace-files.js';
import {
  collision,
  makeFolder,
  makeLinks,
  removeEmptyFolder,
  removeFile,
  type WaitingLink,
  type Work,
} from './write-files.js';
import { writeFresh } from './write-fresh.js';

export interface CheckoutContext extends ScanContext {
  store: LocalStore;
  /** Where listings are read. */
  trees: ObjectReader;
  /** How large files are placed: the first of these that works. */
  links: readonly LinkType[];
}

export interface CheckoutRequest {
  path: RepoPath;
  /** The path that has the pointer: `path` or a folder above it. */
  tracked: RepoPath;
  snapshot: Snapshot;
  /** What ocrpipe last put there: links of it may be replaced. */
  lastPut: Snapshot | undefined;
  /** What a checkout that did not end began to put there. */
  begun: Snapshot | undefined;
  /** What stands there may be lost. */
  force: boolean;
  /** Only what ocrpipe put there may be replaced, wherever the bytes of the rest are. */
  keepEdits: boolean;
  /** Called once everything is checked, just before the first change. */
  begin: () => void;
}

/**
 * Makes a path hold exactly what a snapshot names. First everything is looked at and checked: that the store has anything of
 * what is needed, that nothing is lost, that no link leads elsewhere. Then files are replaced one by one by rename, and whole new
 * folders are built aside and renamed. With `links` in the options, large files that are in place are placed anew where that asks for
 * another way. Killed in between, each file is the old or the new one, and both are in the store.
 * Returns false if nothing had to be done.
 */
export async function checkOut(
  context: CheckoutContext,
  request: CheckoutRequest,
  options: CallOptions & { links?: readonly LinkType[] } = {},
): Promise<boolean> {
  try {
    return await lookAndChange(context, request, options);
  } catch (error) {
    throw namedInvalid(request.tracked, error);
  }
}

async function lookAndChange(
  context: CheckoutContext,
  request: CheckoutRequest,
  options: CallOptions & { links?: readonly LinkType[] },
): Promise<boolean> {
  const { path } = request;
  const relinks = options.links !== undefined;
  const { storeLinks } = context;
  refuseLinks(context.root, path, { end: !request.force, storeLinks, hint: () => linkInPlaceHint(path) });
  const unchanged = new UnchangedFiles(context);
  const memory = new NodeMemory();
  const there = await thereNow(context, path, memory, options);
  const planned = requireListing(request, '', () => changesFor(context, request, { there, memory }));
  const changes = await seeIgnored({ context, store: context.trees, path }, planned, options);
  if (changes.length === 0 && !relinks) return false;
  refuseNothingToPlace(context, request, changes);
  if (!request.force) {
    if (there && request.keepEdits) {
      const ignored = changes.filter((change) => !planned.includes(change));
      refuseEdits(context, request, { there, reader: memory, ignored });
    }
    const kept = { store: context.store, known: knownTrees(context, request, there) };
    const shown = { key: `check ${path}`, total: changes.length };
    await drive(refuseLosses(request, changes, kept), shown, options);
  }
  options.signal?.throwIfAborted();
  request.begin();
  const top = joinBytes(bytePath(context.root), bytePath(path));
  mkdirSync(fsPath(posix.dirname(top) as BytePath), { recursive: true });
  const unplaced = new Unplaced(request);
  const threads = new PlacingThreads();
  const paths = new ShortPaths();
  const work = {
    ...context,
    ...request,
    top,
    unchanged,
    entered: new Set<BytePath>(),
    unplaced,
    threads,
    paths,
    large: new LargeFiles(context.store, context),
  };
  const driven = { key: `checkout ${path}`, total: countNames(changes), close: () => threads.close() };
  const changed = await drive(placeAll(work, changes, relinks), driven, options).finally(() => {
    paths.close();
  });
  syncDirectory(posix.dirname(`${context.root}/${path}`));
  unplaced.refuse();
  return changed;
}

async function thereNow(
  context: CheckoutContext,
  path: RepoPath,
  memory: NodeMemory,
  options: CallOptions,
): Promise<Snapshot | undefined> {
  const stat = context.storeLinks.stat(`${context.root}/${path}`);
  // Only with `force`: a link is not followed, it is replaced.
  if (stat?.isSymbolicLink() === true) return undefined;
  return scanPath(context, path, hashingSink({ node: memory.sink }), options);
}

/** The changes, '' being the path itself: of two directories, what differs in them; of anything else, the whole. */
function changesFor(
  context: CheckoutContext,
  { path, snapshot }: CheckoutRequest,
  { there, memory }: { there: Snapshot | undefined; memory: NodeMemory },
): PlannedChange[] {
  if (there?.kind === 'directory' && snapshot.kind === 'directory') {
    return planChanges({ reader: memory, id: there.id }, { reader: context.trees, id: snapshot.id });
  }
  const now = there && entryOf(path, there);
  const wanted = entryOf(path, snapshot);
  if (
    now?.kind === 'file' &&
    wanted.kind === 'file' &&
    now.id === wanted.id &&
    now.executable === wanted.executable
  ) {
    return [];
  }
  const inside = there?.kind === 'directory' ? planRemoval({ reader: memory, id: there.id }) : [];
  return [{ below: '', ...(now && { old: now }), new: wanted }, ...inside];
}

function planRemoval(tree: TreeRef): PlannedChange[] {
  return [...walkTree(tree)].map(({ path, entry }) => ({ below: path, old: entry }));
}

function entryOf(path: RepoPath, snapshot: Snapshot) {
  const name = bytePath(posix.basename(path)) as unknown as FileEntry['name'];
  const { id, size } = snapshot;
  return snapshot.kind === 'file'
    ? ({ kind: 'file', name, id, size, executable: snapshot.executable ?? false } as const)
    : ({ kind: 'directory', name, id, bytes: size, files: snapshot.files ?? 0 } as const);
}

/** Where a file stood is in no store: what somebody edited, moved or added is not undone without being asked to. */
function refuseEdits(
  { trees: store }: CheckoutContext,
  { path, tracked, snapshot, lastPut, begun }: CheckoutRequest,
  found: { there: Snapshot; reader: NodeMemory; ignored: readonly PlannedChange[] },
): void {
  // Where nothing is remembered, bytes that are in the store are some earlier version: `refuseLosses` looks after the others.
  if (lastPut === undefined) return;
  const known = [lastPut, begun, snapshot].filter((each) => each !== undefined);
  const trees = known.flatMap((each) => storedTree(store, each));
  const ignored = found.ignored.filter(({ below, old }) => old && !standsIn(trees, below, old));
  const edited = [...editedBelow(found, { known, store }), ...ignored.map(({ below }) => below)];
  if (edited.length === 0) return;
  throw wouldUndo(
    tracked,
    edited.map((below) => textBelow(path, below)),
  );
}

function knownTrees(
  { trees: store }: CheckoutContext,
  { lastPut }: CheckoutRequest,
  there: Snapshot | undefined,
): TreeRef[] {
  return [...storedTree(store, lastPut), ...storedTree(store, there)];
}

interface Apply extends CheckoutContext, CheckoutRequest {
  top: BytePath;
  unchanged: UnchangedFiles;
  /** Folders that were written into. */
  entered: Set<BytePath>;
  unplaced: Unplaced;
  threads: PlacingThreads;
  paths: ShortPaths;
  large: LargeFiles;
}

/** True if anything changed. */
function* placeAll(context: Apply, changes: readonly PlannedChange[], relinks: boolean): Work<boolean> {
  const changed = new Set(changes.map(({ below }) => below));
  const placed = (path: BytePath, stat: Stats, id: FileEntry['id']): void => {
    remember(context, path, { stat, id });
  };
  const relinked = relinks ? yield* relink({ ...context, changed, placed }) : 0;
  yield* apply(context, changes);
  return relinked > 0 || changes.length > 0;
}

/** Removes, then writes, then links: a name can change from a folder to a file and back. */
function* apply(context: Apply, changes: readonly PlannedChange[]): Work<void> {
  for (const change of [...changes].reverse()) {
    if (change.old && change.old.kind !== change.new?.kind) remove(context, change);
    yield change.new ? 0 : 1;
  }
  const links: WaitingLink[] = [];
  for (const change of changes) {
    yield* put(context, change, links);
    yield change.new && change.new.kind !== 'directory' ? 1 : 0;
  }
  makeLinks(links, (folder) => {
    requireRealFolder(folder, context);
  });
}

function placeOf({ top }: Apply, below: string): BytePath {
  return below === '' ? top : joinBytes(top, below);
}

function remove(context: Apply, { below, old, new: wanted }: PlannedChange): void {
  const path = placeOf(context, below);
  requireRealFolder(posix.dirname(path) as BytePath, context);
  if (old?.kind !== 'directory') {
    refuseIfTouched(context, below, old);
    removeFile(path);
  } else if (!removeEmptyFolder(path) && wanted) {
    // Something that tracking does not see (ignored files) stands where a file has to go.
    if (!context.force) throw wouldLose(context, [textBelow(context.path, below)]);
    writePoint();
    rmSync(fsPath(path), { recursive: true });
  }
}

function* put(context: Apply, { below, old, new: wanted }: PlannedChange, links: WaitingLink[]): Work<void> {
  if (wanted === undefined) return;
  const path = placeOf(context, below);
  requireRealFolder(posix.dirname(path) as BytePath, context);
  if (below !== '') enterFolder(context, posix.dirname(path) as BytePath);
  const replaces = old?.kind === wanted.kind;
  if (replaces) refuseIfTouched(context, below, old);
  else if (lstatSync(fsPath(path), { throwIfNoEntry: false })) clearUnknown(context, path);
  if (wanted.kind === 'file') {
    yield* context.unplaced.guard(below, () => putFile(context, path, wanted));
  } else if (wanted.kind === 'directory') yield* putFolder(context, below, wanted.id);
  else {
    if (replaces) removeFile(path);
    links.push({ path, target: wanted.target });
  }
}

function* putFile(context: Apply, path: BytePath, entry: FileEntry): Work<void> {
  const stat = yield* replaceFile(context, path, entry);
  if (stat) remember(context, path, { stat, id: entry.id });
}

/** Of a large file whose time is past: what is written to it from now on changes that. */
function remember({ root, index }: Apply, path: BytePath, entry: { stat: Stats; id: FileEntry['id'] }): void {
  const place = path.slice(bytePath(root).length + 1);
  index.replaceFile(folderOf(place), posix.basename(place), entry);
}

function folderOf(place: string): BytePath {
  const folder = posix.dirname(place);
  return (folder === '.' ? '' : folder) as BytePath;
}

/** Clears a folder once before the first write into it. */
function enterFolder(context: Apply, folder: BytePath): void {
  if (context.entered.has(folder)) return;
  context.entered.add(folder);
  removeAbandonedIn(folder);
}

/** A name that the scan did not show: another name for it, an ignored file, or one that came just now. */
function clearUnknown({ force, storeLinks }: Apply, path: BytePath): void {
  const isLink = lstatSync(fsPath(path)).isSymbolicLink();
  // A link to what the store has lost counts as nothing.
  if (!storeLinks.isSymlink(fsPath(path)) && (!force || !isLink)) throw collision(path);
  // Only the tracked path itself can be a link here, and `force` was given.
  removeFile(path);
}

function* putFolder(context: Apply, below: string, id: FileEntry['id']): Work<void> {
  const path = placeOf(context, below);
  const aside = context.paths.beside(path);
  const tree = { reader: context.trees, id };
  const inside = (name: string) => (below === '' ? name : `${below}/${name}`);
  const fresh = new FreshMemory();
  try {
    makeFolder(aside);
    const links = yield* writeFresh(tree, aside, {
      store: context.store,
      large: context.large,
      paths: context.paths,
      threads: context.threads,
      written: fresh.add,
      placed: fresh.addLarge,
      check: (name, entry) => {
        if (entry.kind === 'symlink') refuseEscapingLink(context.path, inside(name), entry);
      },
      guard: (name, write) => context.unplaced.guard(inside(name), write),
    });
    // Nobody else knows the folder that these are made in.
    makeLinks(links, () => undefined);
    requireRealFolder(posix.dirname(path) as BytePath, context);
    const settledBefore = context.times.settledBefore(aside);
    writePoint();
    renameSync(fsPath(aside), fsPath(path));
    fresh.save(context, path.slice(bytePath(context.root).length + 1) as BytePath, settledBefore);
  } finally {
    // Gone already if it was renamed.
    removeTree(fsPath(aside));
  }
}

/** What is overwritten must still be what was looked at: an edit that came since would be lost. */
function refuseIfTouched(context: Apply, below: string, old: PlannedChange['old']): void {
  if (context.force || old === undefined || old.kind === 'directory') return;
  const path = placeOf(context, below);
  const same =
    old.kind === 'symlink'
      ? readlinkSync(fsPath(path), 'latin1') === old.target
      : context.unchanged.is(path, old);
  if (!same) throw wouldLose(context, [textBelow(context.path, below)]);
}

/** How many names the work will report as done. */
function countNames(changes: readonly PlannedChange[]): number {
  return changes.reduce((sum, { new: wanted }) => sum + (wanted?.kind === 'directory' ? wanted.files : 1), 0);
}
