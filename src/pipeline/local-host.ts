import { join } from 'node:path';
import type { JsonValue } from '../base/canonical-json.js';
import { OcrpipeError } from '../base/errors.js';
import type { EventSink } from '../base/events.js';
import { withLock } from '../base/lock.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import type { Git } from '../git/git.js';
import type { NodeKind } from '../store/format.js';
import type { LocalStore } from '../store/local-store.js';
import { RunRecords as StoredRecords, type RunId } from '../store/run-records.js';
import { diffTrees, type TreeChange } from '../store/tree-diff.js';
import { findPath, type TreeRef } from '../store/tree-reader.js';
import type { TreeEntry } from '../store/tree-format.js';
import { bytePath, textOfBytes } from '../tracking/byte-path.js';
import type { Snapshot, WorkspaceFiles } from '../tracking/workspace-files.js';
import type { FileChange, PipelineHost, RunRecords } from './host.js';

export interface LocalHostParts {
  readonly root: AbsPath;
  readonly store: LocalStore;
  readonly files: WorkspaceFiles;
  readonly git: Git | undefined;
  /** What the process does, for those who wait for it: 'ocrpipe repro'. */
  readonly command: string;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

const LOCK_SUBJECTS = { repro: 'the pipeline', 'pipeline-lock': 'pipeline.lock' } as const;

/** The pipeline's view of a workspace on this machine. */
export function localHost(parts: LocalHostParts): PipelineHost {
  const { root, store, files, git, events, signal } = parts;
  const stateFolder = join(root, '.ocrstore') as AbsPath;
  return {
    root,
    stateFolder,
    files,
    records: localRecords(store),
    within: (directory, path) => snapshotWithin(store, directory, path),
    changes: (before, after) => changesBetween(store, before, after),
    exclusively: (name, work) =>
      withLock(
        {
          path: join(stateFolder, 'locks', name),
          what: LOCK_SUBJECTS[name],
          command: parts.command,
          events,
          signal,
        },
        work,
      ),
    inGit: (paths) => (git ? git.tracked(paths as readonly RepoPath[]) : Promise.resolve([])),
    events,
    signal,
  };
}

function localRecords(store: LocalStore): RunRecords {
  const records = new StoredRecords(store.root);
  return {
    find: (key) => records.list(key).flatMap((record) => readable(records, { key, record })),
    *all() {
      for (const run of records.all()) yield* readable(records, run);
    },
    put: (key, value) => {
      records.put(key, value);
    },
  };
}

/** A damaged record is the same as none: the stage runs again. `fsck` is what reports it. */
function readable(records: StoredRecords, run: RunId): JsonValue[] {
  try {
    return [records.read(run)];
  } catch (error) {
    if (error instanceof OcrpipeError) return [];
    throw error;
  }
}

/** The listing of a directory in whichever kind the store has it. */
function treeOf(store: LocalStore, { id, kind }: Snapshot): TreeRef | undefined {
  if (kind !== 'directory') return undefined;
  const kinds: readonly NodeKind[] = ['tree', 'listing'];
  const found = kinds.find((each) => store.has(each, id));
  return found && { reader: store, kind: found, id };
}

function snapshotWithin(store: LocalStore, directory: Snapshot, path: string): Snapshot | undefined {
  const tree = treeOf(store, directory);
  const entry = tree && unlessUnreadable(() => findPath(tree, bytePath(path)));
  return entry && snapshotOf(entry);
}

function snapshotOf(entry: TreeEntry): Snapshot | undefined {
  if (entry.kind === 'symlink') return undefined;
  if (entry.kind === 'directory') {
    return { id: entry.id, kind: 'directory', size: entry.bytes, files: entry.files };
  }
  return { id: entry.id, kind: 'file', size: entry.size, ...(entry.executable && { executable: true }) };
}

function changesBetween(store: LocalStore, before: Snapshot, after: Snapshot): FileChange[] | undefined {
  const [old, now] = [treeOf(store, before), treeOf(store, after)];
  if (!old || !now) return undefined;
  return unlessUnreadable(() => Array.from(diffTrees(old, now)).flatMap(fileChange));
}

/** A directory that came or went is told by its files. */
function fileChange({ path, old, new: now }: TreeChange): FileChange[] {
  if ((old ?? now)?.kind === 'directory' && (!old || !now)) return [];
  const change = !old ? 'added' : !now ? 'deleted' : 'modified';
  return [{ path: textOfBytes(path), change }];
}

/** Only part of a listing may be in the store, or a part is damaged: then it is as if there were none. */
function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
