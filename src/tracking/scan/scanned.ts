import type { Stats } from 'node:fs';
import type { ContentId } from '../../base/content-id.js';
import type { ByteName } from '../../store/byte-name.js';
import { isSealed } from '../../store/seal.js';
import type { TreeSummary } from '../../store/tree-builder.js';
import type { FileEntry, TreeEntry } from '../../store/tree-format.js';
import { fsPath, type BytePath } from '../byte-path.js';
import type { IgnoreRules } from '../ignore/ignore-rules.js';
import { POINTER_SUFFIX } from '../pointers/plain-pointer.js';
import type { FileTimes } from './file-times.js';
import type { FileRead } from './read-room.js';
import type { ScanSink } from './sinks.js';
import type { StatIndex } from './stat-index.js';
import type { StatsAhead } from './stats-ahead.js';
import type { StoreLinks } from './store-links.js';
import type {
  BlockReader,
  BlockWriter,
  EntryPlace,
  FileStat,
  FolderBlock,
  FolderMemory,
  FolderStat,
} from './stat-index-format.js';

/** What a scan works with. */
export interface ScannerParts {
  /** The workspace root on this machine. */
  root: BytePath;
  index: StatIndex;
  sink: ScanSink;
  times: FileTimes;
  storeLinks: StoreLinks;
  /** Absent: all files are looked at here. */
  ahead?: StatsAhead | undefined;
  /** False: nothing is left out for an ignore rule. */
  rules: boolean;
}

/** A folder that is being scanned. */
export interface Here {
  folder: BytePath;
  absolute: BytePath;
  settledBefore: number;
  namesSettledBefore: number;
  rules: IgnoreRules;
  /** As it was before anything in it was looked at. */
  stat: Stats | undefined;
  known: FolderBlock;
}

/** What is not as it is remembered, ascending by name: where it stands in the block, and what a folder is now. */
export type Differing = Map<string, { at: EntryPlace; tree?: TreeSummary }>;

/** A name that is being scanned. */
export interface Place {
  path: BytePath;
  name: ByteName;
  settledBefore: number;
}

/**
 * An entry that waits for the files before it to be read: itself (undefined if it is gone), or the file that it is of, what is known of
 * it included. Thousands of them wait at a time: only what is needed of each.
 */
export type Waiting = { entry: TreeEntry | undefined } | { name: ByteName; known: FileRead | undefined };

/** What was known of a folder, and what is known now. */
export interface Block {
  reader: BlockReader;
  writer: BlockWriter;
}

/** What counts for what is at an absolute path, where `lstat` just said `seen`: undefined if nothing is there. */
export function seenAs(
  path: BytePath,
  seen: Stats | undefined,
  { storeLinks, times }: Pick<ScannerParts, 'storeLinks' | 'times'>,
): Stats | undefined {
  const stat = seen?.isSymbolicLink() === true ? storeLinks.behind(fsPath(path), seen) : seen;
  return stat && times.view(stat);
}

/** What to remember of a folder of which all is known. */
export function folderMemory(
  { mtimeMs, ctimeMs, ino }: FolderStat,
  memory: Pick<FolderMemory, 'rulesKey' | 'tree' | 'stored'>,
): FolderMemory {
  return { stat: { mtimeMs, ctimeMs, ino }, ...memory };
}

export function sameFolder(a: FolderStat, b: FolderStat): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

export function sameTree(a: TreeSummary, b: TreeSummary): boolean {
  return a.id === b.id && a.files === b.files && a.bytes === b.bytes;
}

export function fileEntry(name: ByteName, { mode, size, id }: FileRead): FileEntry {
  return { kind: 'file', name, executable: (mode & 0o100) !== 0, size, id };
}

/** Takes up what a folder was found to be. */
export function takeFolder(name: ByteName, tree: TreeSummary, writer: BlockWriter): TreeEntry {
  writer.addFolder(name, tree);
  return { kind: 'directory', name, ...tree };
}

/** The blob whose stored file this was a link to, until somebody wrote to it. */
export function writtenThrough(reader: BlockReader, name: ByteName, seen: Stats): ContentId | undefined {
  const before = reader.findSameFile(name, seen);
  return before && isSealed(before) && !isSealed(seen) ? before.id : undefined;
}

/** An id with what is compared of a stat, without the rest of it. */
export function fileRead(id: ContentId, { size, mtimeMs, ctimeMs, ino, mode }: FileStat): FileRead {
  return { id, size, mtimeMs, ctimeMs, ino, mode };
}

/** True for names of a folder of which it is enough to know that they are regular files: their bytes are wanted anyway. */
export function isFileEnough({ known }: Here): (name: string) => boolean {
  return (name) => known.count === 0 && !name.endsWith(POINTER_SUFFIX);
}

/** The files that must be read before what waits can be taken up. */
export function unreadAmong(waiting: readonly Waiting[]): ByteName[] {
  return waiting.flatMap((each) => ('entry' in each || each.known ? [] : [each.name]));
}
