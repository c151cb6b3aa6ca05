import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { OcrpipeError } from '../base/errors.js';
import { absPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { lockedOutputs, mergeLocks } from '../pipeline/records/merge-locks.js';
import { findWorkspace, STATE_FOLDER } from '../project/find-workspace.js';
import { LocalStore } from '../store/local-store.js';
import { useStore } from '../store/store-use.js';
import {
  mergePointers,
  virtualPointer,
  type MergedPointer,
  type PointerMergeHow,
  type PointerSides,
} from '../tracking/pointers/merge-pointers.js';
import {
  isPointerText,
  pathOfPointer,
  plainPointer,
  pointerText,
} from '../tracking/pointers/plain-pointer.js';
import { unmergedPointerText } from '../tracking/pointers/unmerged-pointer.js';
import type { Snapshot } from '../tracking/workspace-files.js';

/** What git asks a merge driver, once for each file that both sides changed. */
export interface FileMerge {
  kind: 'pointer' | 'lock';
  /** The merge of several bases, which nobody sees. */
  virtual: boolean;
  /** Files with the three versions; the result is written into that of ours. */
  base: string;
  ours: string;
  theirs: string;
  /** In the repository, seen from `cwd`. */
  path: string;
  /** Of the markers. */
  labels: { ours: string; theirs: string };
  cwd: AbsPath;
}

/** `merged`, or what is to be told of a file that is left in conflict; `text`: it is git's to merge as text. */
export type FileMergeResult = 'merged' | 'text' | { conflict: string };

/**
 * Merges one file for git. It is called with nothing loaded that it does not need, for git starts it for each file; what asks a remote
 * is loaded where listings of directories are missing here. The nodes of a merged directory are in the store before the pointer is written.
 */
export async function mergeFile(merge: FileMerge): Promise<FileMergeResult> {
  const [base, ours, theirs] = [merge.base, merge.ours, merge.theirs].map((file) =>
    readFileSync(file, 'utf8'),
  );
  const texts = { base: base!, ours: ours!, theirs: theirs! };
  return merge.kind === 'lock' ? mergeLockFile(merge, texts) : mergePointerFile(merge, texts);
}

type Texts = Record<'base' | 'ours' | 'theirs', string>;

function mergeLockFile(merge: FileMerge, texts: Texts): FileMergeResult {
  const merged = mergeLocks(texts, { ...merge.labels, virtual: merge.virtual });
  if (merged === undefined) return 'text';
  writeFileSync(merge.ours, merged.text);
  const { conflicts } = merged;
  if (conflicts.length === 0) return 'merged';
  const stages = conflicts.map((name) => `'${name}'`).join(', ');
  return {
    conflict: `${merge.path}: both sides ran ${conflicts.length === 1 ? 'stage' : 'stages'} ${stages}`,
  };
}

async function mergePointerFile(merge: FileMerge, texts: Texts): Promise<FileMergeResult> {
  const sides = await sidesOf(merge, texts);
  const place = placeOf(merge);
  if (sides === undefined || place === undefined) return 'text';
  const { root, path } = place;
  const output = isOutput(root, path);
  if (merge.virtual) return mergeVirtual(merge, sides, (use) => withStore(root, output, use));
  const attempt = () => withStore(root, output, (how) => mergePointers(sides, how));
  let result = await attempt();
  if (isAbsent(result) && (await fetchListings(root, sides))) result = await attempt();
  if ('merged' in result) {
    writeFileSync(merge.ours, pointerText(result.merged));
    return 'merged';
  }
  writeFileSync(merge.ours, unmergedPointerText(path, result.conflict, merge.labels));
  return { conflict: `${merge.path}: 'ocrpipe resolve' shows what both sides changed` };
}

/** Without a base to fall back on there is none: whoever merges with it meets the conflict. */
async function mergeVirtual(
  merge: FileMerge,
  sides: PointerSides,
  using: <T>(use: (how: PointerMergeHow) => T) => Promise<T>,
): Promise<FileMergeResult> {
  const snapshot = await using((how) => virtualPointer(sides, how));
  writeFileSync(merge.ours, snapshot === undefined ? '' : pointerText(snapshot));
  return 'merged';
}

/** Undefined for files that are named like pointers and are none. */
async function sidesOf(
  { path }: FileMerge,
  { base, ours, theirs }: Texts,
): Promise<PointerSides | undefined> {
  if (![ours, theirs].every(isPointerText)) return undefined;
  try {
    const before = isPointerText(base) ? await readPointer(base, path) : undefined;
    return { base: before, ours: await readPointer(ours, path), theirs: await readPointer(theirs, path) };
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/** What reads YAML is loaded for a pointer that needs it. */
async function readPointer(text: string, file: string): Promise<Snapshot> {
  const plain = plainPointer(text);
  if (plain !== undefined) return plain;
  const { parsePointer } = await import('../tracking/pointers/pointer.js');
  return parsePointer(text, file);
}

/** The workspace that holds the pointer, and what it points to there. */
function placeOf({ cwd, path }: FileMerge): { root: AbsPath; path: RepoPath } | undefined {
  const file = resolve(cwd, path);
  let folder = dirname(file);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    const root = findWorkspace(absPath(folder));
    const pointed = pathOfPointer(relative(root, file).replaceAll('\\', '/') as RepoPath);
    return pointed === undefined ? undefined : { root, path: pointed };
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

function isOutput(root: AbsPath, path: RepoPath): boolean {
  const lock = join(root, 'pipeline.lock');
  return existsSync(lock) && lockedOutputs(readFileSync(lock, 'utf8')).has(path);
}

async function withStore<T>(root: AbsPath, output: boolean, use: (how: PointerMergeHow) => T): Promise<T> {
  const store = await openStore(root);
  const held = await useStore({ root: store.root, command: 'git merge' });
  try {
    const writer = store.writer();
    const put = (node: Buffer) => writer.putTree(node, 'tree');
    const reader = {
      has: store.has.bind(store),
      read: store.read.bind(store),
    };
    const result = use({ reader, put, output });
    writer.finish();
    return result;
  } finally {
    held.release();
    store.close();
  }
}

/** Where the store is, most often, is known without reading any settings. */
async function openStore(root: AbsPath): Promise<LocalStore> {
  const folder = join(root, STATE_FOLDER);
  const elsewhere =
    process.env['OCRPIPE_STORE'] !== undefined || existsSync(join(folder, 'config.local.yaml'));
  if (!elsewhere && existsSync(join(folder, 'format.json'))) return LocalStore.open(folder);
  const { openWorkspaceStore, storePlace } = await import('../project/workspace-store.js');
  const { readSettings } = await import('../config/read-settings.js');
  return openWorkspaceStore(storePlace(root, readSettings(absPath(folder))));
}

function isAbsent(result: MergedPointer): boolean {
  return 'conflict' in result && result.conflict.reason === 'absent';
}

/** A remote that did not answer is not asked again for each file of the merge. */
const ASK_AGAIN_MS = 60_000;
/** A merge does not wait longer for a remote. */
const FETCH_MS = 30_000;

/** Brings the listings of all sides from the default remote; false where that does not work, for whatever reason. */
async function fetchListings(root: AbsPath, sides: PointerSides): Promise<boolean> {
  const failed = join(root, STATE_FOLDER, 'tmp', 'merge-without-remote');
  const since = Date.now() - (statSync(failed, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (since >= 0 && since < ASK_AGAIN_MS) return false;
  const { fetchTrees } = await import('./fetch-trees.js');
  const signal = AbortSignal.timeout(FETCH_MS);
  try {
    const snapshots = [sides.base, sides.ours, sides.theirs].filter((each) => each !== undefined);
    return await fetchTrees(snapshots, { cwd: root, events: () => undefined, signal });
  } catch (error) {
    if (!(error instanceof OcrpipeError) && !signal.aborted) throw error;
    writeFileSync(failed, '');
    return false;
  }
}
