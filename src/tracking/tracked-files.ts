import { join } from 'node:path';
import { FairSlots } from '../base/fair-slots.js';
import type { WholeFile } from '../base/atomic-files.js';
import { withLock } from '../base/lock.js';
import { withProgressOfMany } from '../base/with-progress.js';
import { DEFAULT_LINKS } from '../base/link-type.js';
import { type RepoPath } from '../base/paths.js';
import type { NodeSink } from '../store/tree-builder.js';
import { checkOutFiles } from './checkout/checkout-files.js';
import { checkOutReadable } from './checkout/readable-checkout.js';
import { unlinkFiles } from './checkout/unlink.js';
import { askedOnce, askedRarely, realFileTimes } from './scan/file-times.js';
import { findPointers } from './pointers/find-pointers.js';
import { inPortions } from './in-portions.js';
import { LastPut } from './pointers/last-put.js';
import { keepListing } from './listing.js';
import { memoryFolder } from './memory-folder.js';
import { MoveMarks } from './move-marks.js';
import { moveTracked } from './move.js';
import { checkOutParts, type PlacedPart } from './checkout/checkout-parts.js';
import { wholeOf, withStore } from './partial/parts-memory.js';
import {
  partsOf,
  pathStatus,
  readChosen,
  readThroughLinks,
  writeSeen,
  type LookContext,
} from './path-status.js';
import { removeAt } from './checkout/removal.js';
import { readPointer } from './pointers/pointer-file.js';
import type { FileChoice } from './file-choice.js';
import { hashingSink, NodeMemory, type ScanSink } from './scan/sinks.js';
import type { ScanContext } from './scan/snapshot.js';
import type { TrackedFilesParts } from './tracked-files-parts.js';
import { StatIndex } from './scan/stat-index.js';
import { StoreLinks } from './scan/store-links.js';
import { storePaths } from './store-paths.js';
import { storeWhatIsRead } from './store-read.js';
import { emptyDirectory, firstMissing } from './stored.js';
import type {
  CallOptions,
  CheckedOutFiles,
  CheckoutOptions,
  FilesOptions,
  FoundPointers,
  Lastly,
  PathStatus,
  PointedPath,
  ReadOptions,
  Snapshot,
  TreeSnapshot,
  UnfinishedMove,
  UnlinkedFile,
  WorkspaceFiles,
} from './workspace-files.js';
import { refuseLinks, refuseOwnFolders, trackedPlaces } from './workspace-place.js';
import {
  removeAbandonedBeside,
  removePointers,
  writePointers,
  tidyOnce,
  type Tidied,
  type PointerContext,
} from './write-pointers.js';

/** The files of one workspace: hashed through the stat index, stored, pointed to and put back. */
export class TrackedFiles implements WorkspaceFiles {
  readonly #parts: TrackedFilesParts;
  readonly #scan: ScanContext;
  /** What this machine remembers of the workspace. */
  readonly #memory: string;
  readonly #lastPut: LastPut;
  readonly #moves: MoveMarks;
  readonly #turn = new FairSlots(1);
  /** Folders in which nothing is left of commands that were killed before this one began. */
  readonly #tidied: Tidied = new Set();

  constructor(parts: TrackedFilesParts) {
    this.#parts = parts;
    this.#memory = memoryFolder(parts.root);
    this.#scan = {
      root: parts.root,
      index: new StatIndex(join(this.#memory, 'stat')),
      times: parts.times ?? askedRarely(realFileTimes),
      storeLinks: new StoreLinks(parts.store, parts.root),
    };
    this.#lastPut = LastPut.of(this.#memory);
    this.#moves = new MoveMarks(join(this.#memory, 'moving'));
  }

  async snapshot(path: RepoPath, options?: ReadOptions): Promise<Snapshot | undefined> {
    return this.#read(path, hashingSink({ throughLinks: options?.throughLinks }), options);
  }

  async store(path: RepoPath, options?: CallOptions): Promise<Snapshot | undefined> {
    const [snapshot] = await this.storeAll([path], options);
    return snapshot;
  }

  storeAll(paths: readonly RepoPath[], options?: CallOptions): Promise<(Snapshot | undefined)[]> {
    return storePaths({ scan: this.#scan, store: this.#parts.store, lastPut: this.#lastPut }, paths, options);
  }

  list(path: RepoPath, options?: CallOptions): Promise<Snapshot | undefined> {
    return keepListing(this.#parts.store, (sink) => this.#read(path, sink, options));
  }

  async chosen(
    path: RepoPath,
    choice: FileChoice,
    { list = false, ...options }: CallOptions & { list?: boolean } = {},
  ): Promise<Snapshot | undefined> {
    const scan = { ...this.#scan, times: askedOnce(this.#scan.times) };
    const read = (sink: ScanSink) => readChosen(scan, path, choice, { sink, options });
    return list ? keepListing(this.#parts.store, read) : read(hashingSink({ leavingLinks: 'follow' }));
  }

  storeRead(
    path: RepoPath,
    { choice, ...options }: CallOptions & { choice?: FileChoice } = {},
  ): Promise<Snapshot | undefined> {
    return storeWhatIsRead(this.#parts.store, (sink) =>
      choice ? readChosen(this.#scan, path, choice, { sink, options }) : this.#read(path, sink, options),
    );
  }

  async tree(path: RepoPath, options?: ReadOptions): Promise<TreeSnapshot | undefined> {
    const reader = new NodeMemory();
    const sink = hashingSink({ node: reader.sink, throughLinks: options?.throughLinks });
    const snapshot = await this.#read(path, sink, options);
    return snapshot && { snapshot, reader };
  }

  async wholeTree(
    path: RepoPath,
    options: CallOptions & { refuseLeavingLinks?: boolean } = {},
  ): Promise<TreeSnapshot | undefined> {
    const nodes = new NodeMemory();
    const leavingLinks = options.refuseLeavingLinks === true ? 'refuse' : 'keep';
    const found = await this.#read(path, hashingSink({ node: nodes.sink, leavingLinks }), options);
    const snapshot = this.#whole(path, found, { nodes, put: nodes.sink });
    return snapshot && { snapshot, reader: withStore(nodes, this.#parts.store) };
  }

  pointer(path: RepoPath): Snapshot | undefined {
    return readPointer(this.#parts.root, path, this.#parts.makerOf);
  }

  trackedPaths(): RepoPath[] {
    return findPointers(this.#parts.root, { gitignore: this.#parts.git });
  }

  foundPointers(): FoundPointers {
    const ignored: RepoPath[] = [];
    const others: RepoPath[] = [];
    const tracked = findPointers(this.#parts.root, {
      gitignore: this.#parts.git,
      onIgnored: (folder) => ignored.push(folder),
      onOther: (path) => others.push(path),
    });
    return { tracked, ignored, others };
  }

  pointers(): { path: RepoPath; snapshot: Snapshot }[] {
    return this.trackedPaths().flatMap((path) => {
      const snapshot = this.pointer(path);
      return snapshot ? [{ path, snapshot }] : [];
    });
  }

  writePointer(
    path: RepoPath,
    snapshot: Snapshot,
    options?: CallOptions & { elsewhere?: boolean },
  ): Promise<void> {
    return this.writePointers([{ path, snapshot }], options);
  }

  writePointers(
    pointed: readonly PointedPath[],
    options: CallOptions & { elsewhere?: boolean; lastly?: Lastly } = {},
  ): Promise<void> {
    const locked = (work: () => Promise<void>) =>
      this.#locked(options, () => {
        this.#tidyMemory();
        return work();
      });
    return writePointers(this.#pointers, pointed, { ...options, locked });
  }

  removePointers(paths: readonly RepoPath[], options: CallOptions = {}): Promise<void> {
    const context = { ...this.#pointers, moves: this.#moves };
    const locked = (work: () => Promise<void>) => this.#locked(options, work);
    return removePointers(context, paths, { ...options, locked });
  }

  async move(moves: readonly UnfinishedMove[], options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    const context = { ...this.#pointers, moves: this.#moves };
    const shown = { key: 'move', total: moves.length, unit: 'files' } as const;
    await this.#locked(options, async () => {
      this.#tidyMemory();
      const beside = moves.flatMap(({ from, to }) => [from, to]);
      removeAbandonedBeside(this.#parts.root, beside, this.#tidied);
      await withProgressOfMany(shown, options, (breathe) => moveTracked(context, moves, { signal, breathe }));
    });
  }

  unfinishedMoves(): UnfinishedMove[] {
    return this.#moves.unfinished(this.#parts.root);
  }

  state(path: RepoPath, options?: CallOptions): Promise<PathStatus> {
    return this.lookAtMany((stateOf) => stateOf(path), options);
  }

  async lookAtMany<T>(
    work: (stateOf: (path: RepoPath) => Promise<PathStatus>) => Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    const { root, store } = this.#parts;
    const scan = { ...this.#scan, times: askedOnce(this.#scan.times) };
    const seen: WholeFile[] = [];
    const context: LookContext = {
      scan,
      store,
      lastPut: this.#lastPut,
      pointerOf: (path) => this.pointer(path),
      placeOf: trackedPlaces(root, scan.storeLinks),
      remember: (file) => seen.push(file),
    };
    const result = await scan.index.savingOnce(() => work((path) => pathStatus(context, path, options)));
    await writeSeen(seen);
    return result;
  }

  savingSeldom<T>(work: () => Promise<T>): Promise<T> {
    return this.#scan.index.savingSeldom(work);
  }

  inStore(snapshot: Snapshot): boolean {
    return firstMissing(this.#parts.store, snapshot) === undefined;
  }

  parts(path: RepoPath): readonly RepoPath[] | undefined {
    return partsOf(this.#parts.root, path, this.#lastPut.read(path));
  }

  remembered(path: RepoPath): Pick<PathStatus, 'lastPut' | 'begun'> {
    const { put: lastPut, begun } = this.#lastPut.read(path);
    return { ...(lastPut && { lastPut }), ...(begun && { begun }) };
  }

  forget(path: RepoPath): void {
    this.#lastPut.remove(path);
  }

  async checkout(path: RepoPath, snapshot: Snapshot, options: CheckoutOptions = {}): Promise<boolean> {
    refuseOwnFolders(path);
    return this.#locked(options, async () => {
      const memory = this.#lastPut.read(path);
      const begin = () => {
        this.#lastPut.begin(path, snapshot);
      };
      const changed = await this.#checkOut({ path, tracked: path, snapshot, memory, begin }, options);
      this.#lastPut.write(path, snapshot, []);
      return changed;
    });
  }

  async checkoutFiles(files: readonly PointedPath[], options: FilesOptions = {}): Promise<CheckedOutFiles> {
    const { force = false, keepEdits = false, ...call } = options;
    const { store, links = DEFAULT_LINKS } = this.#parts;
    const context = { ...this.#scan, store, links, lastPut: this.#lastPut };
    const done: CheckedOutFiles = { changed: [], unchanged: [], left: [] };
    await inPortions('checkout', files, call, (some, breathe) =>
      this.#locked(call, async () => {
        for (const { path } of some) this.#removeAbandoned(path);
        const how = { force, keepEdits };
        await this.#scan.index.savingOnce(() =>
          checkOutFiles(context, some, { how, breathe, ...call }, done),
        );
      }),
    );
    return done;
  }

  async remove(path: RepoPath, options: CallOptions & { force: boolean }): Promise<boolean> {
    refuseOwnFolders(path);
    const { store } = this.#parts;
    return this.#locked(options, () => {
      this.#removeAbandoned(path);
      const { put: lastPut } = this.#lastPut.read(path);
      const begin = () => {
        this.#lastPut.begin(path, emptyDirectory(store));
      };
      return removeAt({ ...this.#scan, store }, { path, lastPut, force: options.force, begin }, options);
    });
  }

  async unlink(path: RepoPath, options: CallOptions = {}): Promise<UnlinkedFile[]> {
    refuseOwnFolders(path);
    refuseLinks(this.#parts.root, path, { end: true, storeLinks: this.#scan.storeLinks });
    return this.#locked(options, () => {
      this.#removeAbandoned(path);
      return unlinkFiles(this.#scan, path, options);
    });
  }

  async checkoutParts(
    path: RepoPath,
    snapshot: Snapshot,
    options: CheckoutOptions & { parts: readonly RepoPath[] },
  ): Promise<boolean> {
    refuseOwnFolders(path);
    const checkOut = this.#checkOut.bind(this);
    const context = { scan: this.#scan, store: this.#parts.store, lastPut: this.#lastPut, checkOut };
    return this.#locked(options, () => checkOutParts(context, { path, snapshot }, options));
  }

  async #checkOut(request: PlacedPart, options: CheckoutOptions): Promise<boolean> {
    const { store } = this.#parts;
    const { memory, ...place } = request;
    this.#removeAbandoned(place.path);
    try {
      const { force = false, keepEdits = false } = options;
      return await checkOutReadable(
        { ...this.#scan, store, links: options.links ?? this.#parts.links ?? DEFAULT_LINKS },
        { ...place, lastPut: memory.put, begun: memory.begun, force, keepEdits },
        options,
      );
    } finally {
      this.#scan.index.save();
    }
  }

  #whole(path: RepoPath, found: Snapshot | undefined, to: { nodes: NodeMemory; put: NodeSink }) {
    return wholeOf(this.#parts.store, this.#lastPut.read(path), { found, ...to });
  }

  #read(path: RepoPath, sink: ScanSink, options?: CallOptions): Promise<Snapshot | undefined> {
    return readThroughLinks(this.#scan, path, sink, options);
  }

  get #pointers(): PointerContext {
    return { ...this.#parts, index: this.#scan.index, lastPut: this.#lastPut, tidied: this.#tidied };
  }

  /** `.gitignore` files and pointers are changed by one process at a time, and so are files by a checkout. */
  async #locked<T>({ events, signal }: CallOptions, work: () => Promise<T> | T): Promise<T> {
    const { root, command, locks: files } = this.#parts;
    const path = join(root, '.ocrstore', 'locks', 'workspace');
    const lock = { path, what: 'the workspace', command, files, events, signal };
    // Stages of this process that end together wait here, in order, and not for "somebody" who is themselves.
    return this.#turn.use(() => withLock(lock, work), signal);
  }

  /** Removes what killed commands left where this one is about to write. */
  #removeAbandoned(path: RepoPath): void {
    removeAbandonedBeside(this.#parts.root, [path], this.#tidied);
    this.#tidyMemory();
  }

  #tidyMemory(): void {
    for (const folder of [this.#memory, join(this.#memory, 'put')]) tidyOnce(folder, this.#tidied);
  }
}
