import type { Stats } from 'node:fs';
import { posix } from 'node:path';
import type { ContentId } from '../../base/content-id.js';
import { byteName, type ByteName } from '../../store/byte-name.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import { TreeBuilder, type TreeSummary } from '../../store/tree-builder.js';
import type { FileEntry, TreeEntry } from '../../store/tree-format.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { SettledTimes } from './file-times.js';
import { FollowedLinks, type BehindLink } from './followed-links.js';
import { IGNORE_FILE, IgnoreRules, isAlwaysIgnored } from '../ignore/ignore-rules.js';
import { changedTree } from './changed-tree.js';
import { KnownFiles } from './known-files.js';
import { refuseLink } from './links.js';
import { lookAtNames } from './look-in-folder.js';
import { refuseTooDeep, refuseTooManyEmpty, statAt, targetOf } from './look.js';
import { looksLikePointer } from '../pointers/pointer-file.js';
import {
  fileEntry,
  fileRead,
  isFileEnough,
  unreadAmong,
  folderMemory,
  sameFolder,
  seenAs,
  takeFolder,
  writtenThrough,
  type Block,
  type Here,
  type Place,
  type ScannerParts,
  type Waiting,
} from './scanned.js';
import { flat, inner, type NestedScan } from './nested-scans.js';
import { RememberedNames, type Stop } from './remembered-names.js';
import type { Scan } from './scan-request.js';
import type { FileRead } from './read-room.js';
import { keepsChanging, readStable } from './stable-read.js';
import { whatStandsAt } from './what-stands-at.js';
import { BlockReader, BlockWriter, sameStat, type FolderMemory } from './stat-index-format.js';

/** A breath is offered after so many names. */
const NAMES_PER_BREATH = 256;
/** A file that changes under the reader is read again so often before that is an error. */
const ATTEMPTS = 5;
/** Entries that wait for files before them to be read: enough for threads to be busy, few enough to be held in memory. */
const MOST_WAITING = 4096;

/**
 * Walks files and folders in the order of their bytes, synchronously, and gives each its content id: from the stat index
 * where the stat is the remembered one, by reading otherwise. What it learns goes into the index.
 */
export class Scanner {
  readonly #parts: ScannerParts;
  readonly #settled: SettledTimes;
  readonly #visited = new Set<string>();
  /** The directory that was asked for: links may not leave it. */
  #top: BytePath;
  readonly #links: FollowedLinks;
  readonly #known: KnownFiles;
  /** True if what the index remembers as stored is still in the store; asked when first needed. */
  #stored: boolean | undefined;
  #empty = 0;
  #names = 0;
  #files = 0;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
    this.#settled = new SettledTimes(parts.times, joinBytes(parts.root, '.ocrstore'));
    this.#links = new FollowedLinks(parts.root);
    this.#top = '' as BytePath;
    this.#known = new KnownFiles(parts);
  }

  /** The directory at `folder` (relative to the workspace root), as a tree. */
  *directory(folder: BytePath, dev: number, rules: IgnoreRules): Scan<TreeSummary> {
    this.#top = folder;
    const tree = yield* flat(this.#folder(folder, dev, rules));
    this.#parts.index.forgetOthers(folder, this.#visited);
    return tree;
  }

  /** One file, which stands in `folder`. Undefined if it is gone meanwhile. */
  file(folder: BytePath, name: string, stat: Stats): Scan<FileEntry | undefined> {
    return flat(this.#file(folder, name, stat));
  }

  *#file(folder: BytePath, name: string, stat: Stats): NestedScan<FileEntry | undefined> {
    const { index, times } = this.#parts;
    const settledBefore = this.#settled.enter(this.#absolute(folder), stat.dev);
    const block = { reader: new BlockReader(index.file(folder, name)), writer: new BlockWriter() };
    const place = { path: joinBytes(folder, name), name: name as ByteName, settledBefore };
    const found = yield* this.#fileAt(place, times.view(stat), block);
    const learnt = block.writer.last();
    if (learnt) index.replaceFile(folder, name, learnt);
    return found;
  }

  *#folder(folder: BytePath, dev: number, above: IgnoreRules): NestedScan<TreeSummary> {
    refuseTooDeep(folder, this.#top);
    const absolute = this.#absolute(folder);
    // The clock is read before anything in the folder is: a later edit then always has a time that is not settled.
    const settledBefore = this.#settled.enter(absolute, dev);
    const rules = this.#parts.rules ? above.enter(absolute, IGNORE_FILE, folder) : above;
    const stat = this.#stat(folder);
    const known = this.#parts.index.folder(folder);
    const namesSettledBefore = this.#settled.enterNames(absolute, dev);
    const here = { folder, absolute, settledBefore, namesSettledBefore, rules, stat, known };
    const isFirst = this.#visited.size < this.#visited.add(folder).size;
    const tree = (yield* this.#sameNames(here)) ?? (yield* this.#anyNames(here));
    if (isFirst && tree.files === 0) this.#empty += 1;
    refuseTooManyEmpty(this.#empty);
    return tree;
  }

  /** A folder that may hold anything. */
  *#anyNames(here: Here): NestedScan<TreeSummary> {
    const { folder, rules, settledBefore } = here;
    const block = { reader: new BlockReader(here.known), writer: new BlockWriter() };
    const tree = new TreeBuilder(this.#parts.sink.node);
    const waiting: Waiting[] = [];
    let names = 0;
    for (const [name, seen] of lookAtNames(here.absolute, isFileEnough(here))) {
      if (isAlwaysIgnored(name)) continue;
      const place = { path: joinBytes(folder, name), name: byteName(name), settledBefore };
      const stat = whatStandsAt(place, { seen, rules }, this.#parts);
      if (stat === 'ignored') continue;
      names += 1;
      if (stat === undefined) continue;
      const found =
        stat === 'file' ? { name: place.name, known: undefined } : this.#atOnce(place, stat, block);
      if (found) waiting.push(found);
      // What stands before it is stored first: packs are in the order of paths.
      if (!found || waiting.length >= MOST_WAITING) yield* this.#admit(waiting, { here, block, tree });
      if (!found && stat !== 'file') yield* this.#slowly(place, { stat, rules, block, tree });
      if (this.#isTimeToBreathe(1)) yield* this.#breathe();
    }
    yield* this.#admit(waiting, { here, block, tree });
    return this.#remembered(here, { tree: tree.finish(), writer: block.writer, names });
  }

  /**
   * A folder to which no name was added and from which none was removed since all of it was known: its names need not be read,
   * nor its nodes be built where nothing in it changed. Undefined if it is none.
   */
  *#sameNames(here: Here): NestedScan<TreeSummary | undefined> {
    const { known, stat, rules } = here;
    const { memory } = known;
    if (!memory || !stat || memory.rulesKey !== rules.key || !sameFolder(memory.stat, stat)) return undefined;
    const names = yield* this.#lookedAt(here);
    if (names === undefined) return undefined;
    const isStored = memory.stored === memory.tree.id && this.#wasStored(memory);
    if (names.differing.size === 0 && (isStored || this.#parts.sink.knows(memory.tree.id)))
      return memory.tree;
    return yield* this.#rebuilt(here, names);
  }

  /** The names of a folder, all looked at; undefined if one is gone or something else now. */
  *#lookedAt(here: Here): NestedScan<RememberedNames | undefined> {
    const wasStored = this.#wasStored(here.known.memory);
    const names = new RememberedNames(here, this.#parts, (file) => this.#known.isInStore(file, wasStored));
    for (let stop: Stop = { at: 'pause' }; stop.at !== 'end';) {
      const [lookedAt, files] = [names.names, names.files];
      stop = names.lookOn();
      this.#files += names.files - files;
      if (stop.at === 'other') return undefined;
      if (stop.at === 'folder')
        names.takeFolder(yield* inner(this.#folder(joinBytes(here.folder, stop.name), stop.dev, here.rules)));
      if (this.#isTimeToBreathe(names.names - lookedAt)) yield* this.#breathe();
    }
    return names;
  }

  #wasStored(memory: FolderMemory | undefined): boolean {
    if (memory?.stored === undefined) return false;
    const { index, sink } = this.#parts;
    return (this.#stored ??= sink.packs !== undefined && index.storedIn(sink.packs()));
  }

  /** A folder from what is remembered and what differs; undefined if a file has become none. */
  *#rebuilt(here: Here, { differing, unstored }: RememberedNames): NestedScan<TreeSummary | undefined> {
    const { folder, known, settledBefore } = here;
    const writer = new BlockWriter(known.entries.length);
    const changes = new Map<string, TreeEntry>();
    let last = { end: 0, index: -1 };
    for (const [each, { at, tree }] of differing) {
      const name = byteName(each);
      writer.copyBetween(known, last, at);
      last = at;
      const reader = new BlockReader({ entries: known.entries.subarray(at.start, at.end) });
      const place = { path: joinBytes(folder, name), name, settledBefore };
      const entry = tree
        ? takeFolder(name, tree, writer)
        : yield* this.#changedFile(place, { reader, writer });
      if (entry === undefined) return undefined;
      changes.set(name, entry);
      if (writer.count === at.index + 1) writer.markNew();
    }
    writer.copyBetween(known, last, { start: known.entries.length, index: known.count });
    const wasStored = this.#wasStored(known.memory);
    const tree = changedTree({ known, changes, unstored, wasStored }, this.#parts.sink);
    return this.#remembered(here, { tree, writer, names: known.count, stored: known.memory?.stored });
  }

  *#changedFile(place: Place, block: Block): NestedScan<FileEntry | undefined> {
    const stat = this.#stat(place.path);
    if (stat === undefined || looksLikePointer(this.#absolute(place.path), stat.size)) return undefined;
    return yield* this.#readFile(place, stat, block);
  }

  /** Remembers a folder as a whole if every one of its names was recorded and a later one would show in its times. */
  #remembered(
    here: Here,
    found: { tree: TreeSummary; writer: BlockWriter; names: number; stored?: ContentId | undefined },
  ): TreeSummary {
    const { stat, namesSettledBefore, rules } = here;
    const { tree, writer, names, stored } = found;
    const settled = stat && Math.max(stat.mtimeMs, stat.ctimeMs) < namesSettledBefore;
    const memory =
      settled && writer.count === names
        ? folderMemory(stat, { rulesKey: rules.key, tree, stored })
        : undefined;
    this.#parts.index.replaceFolder(here.folder, writer.finish(memory));
    return tree;
  }

  /** A link, or a small file, which may have to be read; undefined for everything else. */
  #atOnce(place: Place, stat: Stats, block: Block): Waiting | undefined {
    if (stat.isSymbolicLink()) return this.#behind(place) ? undefined : { entry: this.#link(place) };
    if (!stat.isFile() || stat.size >= LARGE_BLOB_BYTES) return undefined;
    const id = this.#known.id(block.reader, place.name, stat);
    if (id) return { name: place.name, known: fileRead(id, stat) };
    return writtenThrough(block.reader, place.name, stat)
      ? undefined
      : { name: place.name, known: undefined };
  }

  /** Adds what waits to a tree, after the files among it that are not known were read, all at once. */
  *#admit(
    waiting: Waiting[],
    { here, block, tree }: { here: Here; block: Block; tree: TreeBuilder },
  ): NestedScan<void> {
    const { folder, settledBefore } = here;
    const { times } = this.#parts;
    const files = yield* this.#read(here, unreadAmong(waiting));
    let read = 0;
    for (const each of waiting.splice(0)) {
      if ('entry' in each) {
        if (each.entry) tree.add(each.entry);
        continue;
      }
      const { name, known } = each;
      const file = known ?? files[read++];
      const entry = known
        ? this.#takeUp(name, known, block)
        : file
          ? this.#learn({ name, settledBefore }, times.view(file), block)
          : yield* this.#readAgain({ path: joinBytes(folder, name), name, settledBefore }, block);
      if (entry) tree.add(entry);
    }
  }

  /** A file that could not be read with the others. */
  *#readAgain(place: Place, block: Block): NestedScan<FileEntry | undefined> {
    const stat = this.#stat(place.path);
    return stat && (yield* this.#readFile(place, stat, block));
  }

  *#read(
    { folder, settledBefore }: Here,
    names: readonly ByteName[],
  ): NestedScan<readonly (FileRead | undefined)[]> {
    if (names.length === 0) return [];
    const answer = yield { type: 'files', folder, names, settledBefore, done: this.#files };
    return Array.isArray(answer) ? (answer as readonly (FileRead | undefined)[]) : [];
  }

  *#slowly(
    place: Place,
    at: { stat: Stats; rules: IgnoreRules; block: Block; tree: TreeBuilder },
  ): NestedScan<void> {
    if (at.stat.isDirectory()) {
      const tree = yield* inner(this.#folder(place.path, at.stat.dev, at.rules));
      at.tree.add(takeFolder(place.name, tree, at.block.writer));
      return;
    }
    const entry = at.stat.isSymbolicLink()
      ? yield* this.#throughLink(place)
      : yield* this.#fileAt(place, at.stat, at.block);
    if (entry) at.tree.add(entry);
  }

  #link(place: Place): TreeEntry | undefined {
    const target = targetOf(this.#absolute(place.path));
    if (target === undefined) return undefined;
    const below = this.#top === '' ? place.path : place.path.slice(this.#top.length + 1);
    if (this.#parts.sink.leavingLinks === 'refuse')
      refuseLink(this.#parts.root, place.path, { below, target });
    return { kind: 'symlink', name: place.name, target };
  }

  /** What a link leads to, under the name of the link. */
  *#throughLink(place: Place): NestedScan<TreeEntry | undefined> {
    const behind = this.#behind(place);
    if (behind === undefined) return this.#link(place);
    const { path, stat } = behind;
    if (stat.isFile()) {
      const folder = posix.dirname(path);
      const entry = yield* this.#file((folder === '.' ? '' : folder) as BytePath, posix.basename(path), stat);
      return entry && { ...entry, name: place.name };
    }
    this.#links.enter(path);
    const { id, files, bytes } = yield* inner(this.#folder(path, stat.dev, IgnoreRules.none));
    this.#links.leave();
    return { kind: 'directory', name: place.name, id, files, bytes };
  }

  #behind(place: Place): BehindLink | undefined {
    if (this.#parts.sink.leavingLinks !== 'follow') return undefined;
    const behind = this.#links.behind(this.#absolute(place.path), this.#top);
    return behind && { ...behind, stat: this.#parts.times.view(behind.stat) };
  }

  *#fileAt(place: Place, stat: Stats, block: Block): NestedScan<FileEntry | undefined> {
    const id = this.#known.id(block.reader, place.name, stat);
    return id
      ? this.#takeUp(place.name, fileRead(id, stat), block)
      : yield* this.#readFile(place, stat, block);
  }

  *#readFile(place: Place, seen: Stats, block: Block): NestedScan<FileEntry | undefined> {
    const linked = this.#known.linkedId(block.reader, place.name, seen);
    if (linked) return this.#takeUp(place.name, fileRead(linked, seen), block);
    const before =
      writtenThrough(block.reader, place.name, seen) ?? this.#parts.storeLinks.editedObject(seen);
    if (before !== undefined) yield { type: 'written-through', path: place.path, id: before };
    const found = yield* this.#content(place.path, seen);
    return found && this.#learn(place, fileRead(found.id, found.stat), block);
  }

  /** Takes up what a file was found to be now. */
  #learn(place: Pick<Place, 'name' | 'settledBefore'>, file: FileRead, block: Block): FileEntry {
    // A file as young as this scan could be written again without its times showing it: it is read again next time.
    if (Math.max(file.mtimeMs, file.ctimeMs) < place.settledBefore)
      return this.#takeUp(place.name, file, block);
    this.#files += 1;
    return fileEntry(place.name, file);
  }

  /** Takes up what need not be doubted. */
  #takeUp(name: ByteName, file: FileRead, block: Block): FileEntry {
    this.#files += 1;
    block.writer.add(name, file, file.id);
    return fileEntry(name, file);
  }

  /**
   * The id of the bytes at `path`, a file when it was last seen, and the stat that belongs to exactly these. Undefined if no
   * file is there any more.
   */
  *#content(path: BytePath, seen: Stats): NestedScan<{ id: ContentId; stat: Stats } | undefined> {
    const { sink, times } = this.#parts;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = attempt === 1 ? seen : this.#stat(path);
      if (!before?.isFile()) return undefined;
      if (before.size < LARGE_BLOB_BYTES) {
        const read = readStable(this.#absolute(path), Buffer.allocUnsafe(before.size + 1));
        if (read) return { id: sink.small(read.bytes), stat: times.view(read.stat) };
      } else {
        const id = yield { type: 'large', path };
        const after = this.#stat(path);
        if (after && typeof id === 'string' && sameStat(before, after)) return { id, stat: after };
      }
    }
    throw keepsChanging(path);
  }

  #stat(path: BytePath): Stats | undefined {
    const absolute = this.#absolute(path);
    return seenAs(absolute, statAt(fsPath(absolute)), this.#parts);
  }

  #isTimeToBreathe(names: number): boolean {
    this.#names += names;
    if (this.#names < NAMES_PER_BREATH) return false;
    this.#names = 0;
    return true;
  }

  *#breathe(): NestedScan<void> {
    yield { type: 'breath', done: this.#files };
  }

  #absolute(path: BytePath): BytePath {
    return path === '' ? this.#parts.root : joinBytes(this.#parts.root, path);
  }
}
