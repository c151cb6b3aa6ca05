import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { textOfBytes } from '../../base/byte-text.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';
import type { FileTimes } from './file-times.js';
import { IgnoreRules } from '../ignore/ignore-rules.js';
import { rulesAbove } from '../ignore/rules-above.js';
import { KnownFiles } from './known-files.js';
import { notTrackable, statAt } from './look.js';
import type { FileRead } from './read-room.js';
import { ReadingThreads } from './reading-threads.js';
import { Scanner } from './scan.js';
import type { Scan, ScanAnswer, ScanRequest } from './scan-request.js';
import type { ScanSink } from './sinks.js';
import { BlockReader, sameStat } from './stat-index-format.js';
import type { StatIndex } from './stat-index.js';
import { StatsAhead } from './stats-ahead.js';
import type { StoreLinks } from './store-links.js';
import type { CallOptions, Snapshot } from '../workspace-files.js';

/** Signals are heard and progress is shown so often. */
const BREATH_MS = 50;

/** What a scan needs to know of the workspace. */
export interface ScanContext {
  root: AbsPath;
  index: StatIndex;
  times: FileTimes;
  storeLinks: StoreLinks;
}

/** Scans what is at `path`, which holds no links, into `sink`. Undefined if nothing is there. */
export async function scanPath(
  context: ScanContext,
  path: RepoPath,
  sink: ScanSink,
  options: CallOptions = {},
): Promise<Snapshot | undefined> {
  return scanBytes(context, bytePath(path === '.' ? '' : path), { sink, options, rules: true });
}

/** Scans what is at `path`, relative to the workspace root, whatever the ignore rules say. */
export async function scanWithoutRules(
  context: ScanContext,
  path: BytePath,
  sink: ScanSink,
  options: CallOptions,
): Promise<Snapshot | undefined> {
  return scanBytes(context, path, { sink, options, rules: false });
}

async function scanBytes(
  context: ScanContext,
  relative: BytePath,
  { sink, options, rules }: { sink: ScanSink; options: CallOptions; rules: boolean },
): Promise<Snapshot | undefined> {
  const root = bytePath(context.root);
  const stat = context.storeLinks.stat(fsPath(joinRoot(root, relative)));
  if (stat === undefined) return undefined;
  const remembered = stat.isFile() ? rememberedFile(context, relative, { stat, sink }) : undefined;
  if (remembered) return remembered;
  const ahead = stat.isDirectory()
    ? StatsAhead.begin({ root, top: relative, index: context.index })
    : undefined;
  const scanner = new Scanner({ ...context, root, sink, rules, ahead });
  const driver = { ...context, root, path: textOfBytes(relative), sink, options };
  try {
    if (stat.isDirectory()) {
      const scan = scanner.directory(
        relative,
        stat.dev,
        rules ? rulesAbove(root, relative) : IgnoreRules.none,
      );
      const { id, files, bytes } = await drive(scan, driver);
      return { id, kind: 'directory', size: bytes, files };
    }
    if (!stat.isFile()) throw notTrackable(relative, stat);
    const entry = await drive(scanner.file(folderOf(relative), posix.basename(relative), stat), driver);
    if (entry === undefined) return undefined;
    const { id, size, executable } = entry;
    return { id, kind: 'file', size, ...(executable && { executable }) };
  } finally {
    await ahead?.close();
    for (const { path, id } of context.storeLinks.takeKept()) {
      tellLost(options.events ?? noEvents, path.slice(root.length + 1) as BytePath, id);
    }
    context.index.save();
  }
}

/** A single file that need not be read, as most of many: a scan would cost several times as much. */
function rememberedFile(
  { index, times, storeLinks }: ScanContext,
  relative: BytePath,
  { stat, sink }: { stat: Stats; sink: ScanSink },
): Snapshot | undefined {
  const name = posix.basename(relative);
  const seen = times.view(stat);
  const reader = new BlockReader(index.file(folderOf(relative), name));
  const id = new KnownFiles({ sink, storeLinks }).id(reader, name, seen);
  const executable = (seen.mode & 0o100) !== 0;
  return id && { id, kind: 'file', size: seen.size, ...(executable && { executable }) };
}

function folderOf(relative: BytePath): BytePath {
  const folder = posix.dirname(relative);
  return (folder === '.' ? '' : folder) as BytePath;
}

function joinRoot(root: BytePath, relative: BytePath): BytePath {
  return relative === '' ? root : joinBytes(root, relative);
}

interface Driver {
  root: BytePath;
  /** For messages. */
  path: string;
  sink: ScanSink;
  storeLinks: StoreLinks;
  options: CallOptions;
}

/** Runs a scan, giving way to signals and progress where it breathes. */
async function drive<T>(scan: Scan<T>, driver: Driver): Promise<T> {
  const { events = noEvents, signal } = driver.options;
  const key = `hash ${driver.path}`;
  const threads = new ReadingThreads(driver.root);
  const shown = { at: performance.now(), any: false };
  // A breath: signals are heard, and people see how far it is.
  const breathe = async (done: number) => {
    if (performance.now() - shown.at < BREATH_MS) return;
    shown.any = true;
    events({ type: 'progress', key, done, unit: 'files' });
    await setImmediate();
    signal?.throwIfAborted();
    shown.at = performance.now();
  };
  let answer: ScanAnswer;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = scan.next(answer);
      if (step.done === true) return step.value;
      answer = await answered(step.value, { ...driver, threads, breathe });
    }
  } finally {
    await threads.close();
    if (shown.any) events({ type: 'progress-end', key });
  }
}

/** Where the stored bytes are still what they were (a file that was only touched), there is nothing to say. */
function tellWrittenThrough(
  { storeLinks, options: { events = noEvents } }: Driver,
  { path, id }: { path: BytePath; id: ContentId },
): void {
  if (storeLinks.isLost(id)) tellLost(events, path, id);
}

function tellLost(events: EventSink, path: BytePath, id: ContentId): void {
  const named = textOfBytes(path);
  const quoted = shellQuote(named);
  const message = `${named} is a link to the store's own file, and that was written to, here or through another link: the store has lost the former bytes (${id.slice(0, 10)}), and set the file aside. 'ocrpipe add' keeps the edit; 'ocrpipe pull' brings the former bytes from a remote. Next time, 'ocrpipe unlink ${quoted}' before the edit keeps both.`;
  events({ type: 'note', level: 'warning', code: 'written-through-link', message });
}

async function answered(
  request: ScanRequest,
  driver: Driver & { threads: ReadingThreads; breathe: (done: number) => Promise<void> },
): Promise<ScanAnswer> {
  if (request.type === 'large') return hashLarge(driver, request.path);
  if (request.type === 'written-through') tellWrittenThrough(driver, request);
  if (request.type === 'breath') await driver.breathe(request.done);
  if (request.type !== 'files') return undefined;
  const read: (FileRead | undefined)[] = [];
  for await (const some of driver.threads.read(request, driver.sink.hashed)) {
    read.push(...some);
    await driver.breathe(request.done + read.length);
  }
  return read;
}

/** Undefined if the file went away, or gave way to another, while it was read. */
async function hashLarge(driver: Driver, path: BytePath): Promise<ContentId | undefined> {
  const named = fsPath(joinBytes(driver.root, path));
  const before = statAt(named);
  try {
    return await hashNamed(driver, named);
  } catch (error) {
    if (driver.options.signal?.aborted === true || isKeepingOn(error)) throw error;
    const now = statAt(named);
    if (before === undefined || now === undefined || !sameStat(before, now)) return undefined;
    throw error;
  }
}

/** It was read again and again already. */
function isKeepingOn(error: unknown): boolean {
  return error instanceof OcrpipeError && error.code === 'file-keeps-changing';
}

async function hashNamed({ sink, options }: Driver, named: string | Buffer): Promise<ContentId> {
  // A link here is one to the store's own file.
  const isLink = lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const absolute = isLink ? realpathSync(named) : named;
  const isText = typeof absolute === 'string' || isUtf8(absolute);
  return sink.large(isText ? absolute.toString() : absolute, options.signal);
}
