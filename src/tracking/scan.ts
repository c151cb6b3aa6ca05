import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { type OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import type { ContentId } from '../base/content-id.js';
import { byteName, type ByteName } from '../store/byte-name.js';
import { LARGE_BLOB_BYTES } from '../store/format.js';
import { TreeBuilder, type TreeSummary } from '../store/tree-builder.js';
import type { FileEntry, TreeEntry } from '../store/tree-format.js';
import { fsPath, joinBytes, textOfBytes, type BytePath } from './byte-path.js';
import { SettledTimes, type FileTimes } from './file-times.js';
import { IgnoreRules, isAlwaysIgnored } from './ignore-rules.js';
import { linkProblem } from './links.js';
import { looksLikePointer } from './pointer.js';
import type { ScanSink } from './sinks.js';
import { keepsChanging, readError, readStable } from './stable-read.js';
import { sameStat, type BlockReader, BlockWriter } from './stat-index-format.js';
import type { StatIndex } from './stat-index.js';

/** What a scan asks of its driver: a breath now and then, or the id of a file too large to be read in between. */
export type ScanRequest = { type: 'breath'; files: number; read: number } | { type: 'large'; path: BytePath };

/** A scan in progress. It is answered with the id where it asked for a large file, with undefined otherwise. */
export type Scan<T> = Generator<ScanRequest, T, ContentId | undefined>;

/** Looks at the clock after so many names, and breathes after so many milliseconds. */
const NAMES_PER_LOOK = 64;
const BREATH_MS = 50;
/** A file that changes under the reader is read again so often before that is an error. */
const ATTEMPTS = 5;
/** Links behind links that are followed. */
const MAX_FOLLOWED = 16;

export const IGNORE_FILE = '.ocrignore';

export interface ScannerParts {
  /** The workspace root on this machine. */
  root: BytePath;
  index: StatIndex;
  sink: ScanSink;
  times: FileTimes;
  /** False: nothing is left out for an ignore rule. */
  rules: boolean;
}

/**
 * Walks files and folders in the order of their bytes, synchronously, and gives each its content id: from the stat index
 * where the stat is the remembered one, by reading otherwise. What it learns goes into the index.
 */
export class Scanner {
  readonly #parts: ScannerParts;
  readonly #settled: SettledTimes;
  readonly #buffer = Buffer.allocUnsafe(LARGE_BLOB_BYTES);
  readonly #visited = new Set<string>();
  /** The directory that was asked for: links may not leave it. */
  #top: BytePath;
  /** The folders behind links that are being scanned, outermost first. */
  readonly #following: BytePath[] = [];
  #names = 0;
  #files = 0;
  #read = 0;
  #lastBreath = performance.now();

  constructor(parts: ScannerParts) {
    this.#parts = parts;
    this.#settled = new SettledTimes(parts.times);
    this.#top = '' as BytePath;
  }

  /** The directory at `folder` (relative to the workspace root), as a tree. */
  *directory(folder: BytePath, dev: number, rules: IgnoreRules): Scan<TreeSummary> {
    this.#top = folder;
    const tree = yield* this.#folder(folder, dev, rules);
    this.#parts.index.forgetOthers(folder, this.#visited);
    return tree;
  }

  /** One file, which stands in `folder`. Undefined if it is gone meanwhile. */
  *file(folder: BytePath, name: string, stat: Stats): Scan<FileEntry | undefined> {
    const { index, times } = this.#parts;
    const settledBefore = this.#settled.enter(this.#absolute(folder), stat.dev);
    const block = { reader: index.folder(folder), writer: new BlockWriter() };
    const place = { path: joinBytes(folder, name), name: name as ByteName, settledBefore };
    const found = this.#knownFile(place, times.view(stat), block) ?? (yield* this.#readFile(place, block));
    const learnt = block.writer.last();
    if (learnt) index.replaceFile(folder, name, learnt);
    return found;
  }

  *#folder(folder: BytePath, dev: number, above: IgnoreRules): Scan<TreeSummary> {
    const absolute = this.#absolute(folder);
    // The clock is read before anything in the folder is: a later edit then always has a time that is not settled.
    const settledBefore = this.#settled.enter(absolute, dev);
    const rules = this.#parts.rules ? above.enter(absolute, IGNORE_FILE, folder) : above;
    const block = { reader: this.#parts.index.folder(folder), writer: new BlockWriter() };
    const tree = new TreeBuilder(this.#parts.sink.node);
    for (const name of namesIn(absolute)) {
      if (isAlwaysIgnored(name)) continue;
      const place = { path: joinBytes(folder, name), name: byteName(name), settledBefore };
      const stat = this.#look(place, rules);
      if (stat === undefined) continue;
      // Most files are known: they are met here without starting another generator.
      const entry = this.#atOnce(place, stat, block) ?? (yield* this.#slowly(place, { stat, rules, block }));
      if (entry) tree.add(entry);
      this.#names += 1;
      if (this.#names % NAMES_PER_LOOK === 0) yield* this.#breathe();
    }
    this.#visited.add(folder);
    this.#parts.index.replaceFolder(folder, block.writer.finish());
    return tree.finish();
  }

  /** What stands at a name, or undefined if it is left out. */
  #look(place: Place, rules: IgnoreRules): Stats | undefined {
    const stat = this.#stat(place.path);
    if (stat === undefined || (!rules.empty && rules.ignores(place.path, stat.isDirectory())))
      return undefined;
    if (stat.isFile()) return looksLikePointer(this.#absolute(place.path), stat.size) ? undefined : stat;
    if (stat.isDirectory() || stat.isSymbolicLink()) return stat;
    throw notTrackable(place.path, stat);
  }

  #atOnce(place: Place, stat: Stats, block: Block): TreeEntry | undefined {
    if (stat.isFile()) return this.#knownFile(place, stat, block);
    return stat.isSymbolicLink() && !this.#behind(place) ? this.#link(place) : undefined;
  }

  *#slowly(place: Place, at: { stat: Stats; rules: IgnoreRules; block: Block }): Scan<TreeEntry | undefined> {
    if (at.stat.isSymbolicLink()) return yield* this.#throughLink(place);
    if (!at.stat.isDirectory()) return yield* this.#readFile(place, at.block);
    const { id, files, bytes } = yield* this.#folder(place.path, at.stat.dev, at.rules);
    return { kind: 'directory', name: place.name, id, files, bytes };
  }

  #link(place: Place): TreeEntry {
    const target = readlinkSync(fsPath(this.#absolute(place.path)), 'latin1');
    const below = this.#top === '' ? place.path : place.path.slice(this.#top.length + 1);
    const problem = this.#parts.sink.leavingLinks === 'refuse' ? linkProblem(below, target) : undefined;
    if (problem !== undefined) {
      throw userError(
        'link-outside',
        `${textOfBytes(place.path)} is a symbolic link that cannot be kept: ${problem}`,
        {
          hint: `Put the file itself there, or leave it out in ${IGNORE_FILE}.`,
        },
      );
    }
    return { kind: 'symlink', name: place.name, target };
  }

  /** What a link leads to, under the name of the link. */
  *#throughLink(place: Place): Scan<TreeEntry | undefined> {
    const behind = this.#behind(place);
    if (behind === undefined) return this.#link(place);
    const { path, stat } = behind;
    if (stat.isFile()) {
      const folder = posix.dirname(path);
      const entry = yield* this.file((folder === '.' ? '' : folder) as BytePath, posix.basename(path), stat);
      return entry && { ...entry, name: place.name };
    }
    this.#following.push(path);
    const { id, files, bytes } = yield* this.#folder(path, stat.dev, IgnoreRules.none);
    this.#following.pop();
    return { kind: 'directory', name: place.name, id, files, bytes };
  }

  /**
   * The file or folder elsewhere in the workspace that a link leads to, if links are followed. Undefined where the link
   * stands for itself: what it leads to is scanned already (which also ends loops), is not there, or is nothing to read.
   */
  #behind(place: Place): { path: BytePath; stat: Stats } | undefined {
    if (this.#parts.sink.leavingLinks !== 'follow' || this.#following.length >= MAX_FOLLOWED)
      return undefined;
    const path = realBelow(this.#parts.root, this.#absolute(place.path));
    if (path === undefined || path.split('/').some(isAlwaysIgnored)) return undefined;
    if ([this.#top, ...this.#following].some((scanned) => overlap(path, scanned))) return undefined;
    const stat = this.#stat(path);
    return stat && (stat.isFile() || stat.isDirectory()) ? { path, stat } : undefined;
  }

  /** A file whose stat is the remembered one, and whose bytes need not be stored. */
  #knownFile(place: Place, stat: Stats, block: Block): FileEntry | undefined {
    const id = block.reader.find(place.name, stat);
    if (id === undefined || !this.#parts.sink.has(id, stat.size)) return undefined;
    this.#files += 1;
    block.writer.add(place.name, stat, id);
    return fileEntry(place, stat, id);
  }

  *#readFile(place: Place, block: Block): Scan<FileEntry | undefined> {
    const found = yield* this.#content(place.path);
    if (found === undefined) return undefined;
    this.#files += 1;
    this.#read += 1;
    const { id, stat } = found;
    // A file as young as this scan could be written again without its times showing it: it is read again next time.
    if (Math.max(stat.mtimeMs, stat.ctimeMs) < place.settledBefore) block.writer.add(place.name, stat, id);
    return fileEntry(place, stat, id);
  }

  /** The id of the bytes at `path` and the stat that belongs to exactly these. Undefined if no file is there any more. */
  *#content(path: BytePath): Scan<{ id: ContentId; stat: Stats } | undefined> {
    const { sink, times } = this.#parts;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = this.#stat(path);
      if (!before?.isFile()) return undefined;
      if (before.size < LARGE_BLOB_BYTES) {
        const read = readStable(this.#absolute(path), this.#buffer);
        if (read) return { id: sink.small(read.bytes), stat: times.view(read.stat) };
      } else {
        const id = yield { type: 'large', path };
        const after = this.#stat(path);
        if (after && id !== undefined && sameStat(before, after)) return { id, stat: after };
      }
    }
    throw keepsChanging(path);
  }

  #stat(path: BytePath): Stats | undefined {
    const stat = lstatSync(fsPath(this.#absolute(path)), { throwIfNoEntry: false });
    return stat && this.#parts.times.view(stat);
  }

  *#breathe(): Scan<void> {
    if (performance.now() - this.#lastBreath < BREATH_MS) return;
    yield { type: 'breath', files: this.#files, read: this.#read };
    this.#lastBreath = performance.now();
  }

  #absolute(path: BytePath): BytePath {
    return path === '' ? this.#parts.root : joinBytes(this.#parts.root, path);
  }
}

interface Place {
  path: BytePath;
  name: ByteName;
  settledBefore: number;
}

interface Block {
  reader: BlockReader;
  writer: BlockWriter;
}

function fileEntry(place: Place, stat: Stats, id: ContentId): FileEntry {
  return { kind: 'file', name: place.name, executable: (stat.mode & 0o100) !== 0, size: stat.size, id };
}

/** Where a path really is, below the root; undefined if nothing is there, or it is elsewhere. */
function realBelow(root: BytePath, path: BytePath): BytePath | undefined {
  try {
    const real = realpathSync.native(fsPath(path), 'latin1');
    return real.startsWith(`${root}/`) ? (real.slice(root.length + 1) as BytePath) : undefined;
  } catch {
    return undefined;
  }
}

/** True if one path is the other, or lies in it; '' is the root. */
function overlap(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function namesIn(folder: BytePath): string[] {
  try {
    return readdirSync(fsPath(folder), 'latin1').sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw readError(folder, error);
  }
}

export function notTrackable(path: BytePath, stat: Stats): OcrpipeError {
  const what = stat.isFIFO() ? 'a FIFO' : stat.isSocket() ? 'a socket' : 'a device';
  return userError(
    'not-trackable',
    `${textOfBytes(path)} is ${what}: only files, folders and links are tracked`,
    {
      hint: `Remove it, or leave it out in ${IGNORE_FILE}.`,
    },
  );
}
