import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { readTextIfThere } from '../base/read-text.js';
import type { GitFile } from '../git/git.js';
import { LOCK_FILE } from '../pipeline/definition/file-names.js';
import { parseLockFile, type LockEntry } from '../pipeline/records/lock-file.js';
import type { NeededRoot } from '../store/fsck/needs.js';
import { findPointers } from '../tracking/pointers/find-pointers.js';
import { isPointerText, parsePointer, pathOfPointer, readPointer } from '../tracking/pointers/pointer.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import type { Workspace } from './workspace.js';

/** What a workspace needs its store for. */
export interface WorkspaceNeeds {
  /**
   * What the pointers name: those in the workspace, those added to git (their paths as git writes it, `:data/raw`), those of the
   * last commit (`HEAD:data/raw`). What several of them name is there once, for the first.
   */
  pointed: readonly NeededRoot[];
  /** What pipeline.lock names besides: without it a stage is run again instead of restored, and nothing is lost. */
  locked: readonly NeededRoot[];
  /** Files that could not be read: a broken pointer, a broken lock. */
  problems: readonly OcrpipeError[];
}

/** Reads the pointers of a workspace and its lock. Does not need the store. */
export async function workspaceNeeds(workspace: Workspace): Promise<WorkspaceNeeds> {
  const roots = new Map<string, NeededRoot>();
  const problems: OcrpipeError[] = [];
  const add = (root: NeededRoot): void => {
    const name = root.kind + root.id;
    if (!roots.has(name)) roots.set(name, root);
  };
  for (const path of findPointers(workspace.root, { gitignore: workspace.git !== undefined })) {
    orProblem(problems, () => {
      const snapshot = readPointer(workspace.root, path, (output) => workspace.stageOf(output));
      if (snapshot) add(rootOf(snapshot, path));
    });
  }
  for (const root of await rootsInGit(workspace)) add(root);
  const pointed = new Set(roots.keys());
  orProblem(problems, () => {
    for (const entry of lockOf(workspace).values()) for (const root of rootsOfEntry(entry)) add(root);
  });
  const all = [...roots];
  return {
    pointed: all.filter(([name]) => pointed.has(name)).map(([, root]) => root),
    locked: all.filter(([name]) => !pointed.has(name)).map(([, root]) => root),
    problems,
  };
}

function orProblem(problems: OcrpipeError[], read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    problems.push(error);
  }
}

function rootOf({ kind, id, size }: Snapshot, path: string): NeededRoot {
  return kind === 'directory' ? { kind: 'tree', id, path } : { kind: 'blob', id, size, path };
}

async function rootsInGit({ git }: Workspace): Promise<NeededRoot[]> {
  if (git === undefined) return [];
  const commit = await git.currentCommit();
  const [added, committed] = await Promise.all([git.staged(), commit ? git.filesAt(commit) : []]);
  const files = [
    ...pointersAmong(added).map((file) => ({ ...file, prefix: ':' })),
    ...pointersAmong(committed).map((file) => ({ ...file, prefix: 'HEAD:' })),
  ];
  const texts = await git.read(files);
  return files.flatMap(({ path, prefix }, index) => {
    const snapshot = soundPointer(texts[index]!.toString('utf8'), path);
    return snapshot ? [rootOf(snapshot, `${prefix}${pathOfPointer(path)!}`)] : [];
  });
}

function pointersAmong(files: readonly GitFile[]): GitFile[] {
  return files.filter(({ path }) => pathOfPointer(path) !== undefined);
}

/** What was committed broken names nothing, and cannot be mended. */
function soundPointer(text: string, file: RepoPath): Snapshot | undefined {
  try {
    return isPointerText(text) ? parsePointer(text, file) : undefined;
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

function lockOf({ root }: Workspace): ReadonlyMap<string, LockEntry> {
  return parseLockFile(readTextIfThere(root, LOCK_FILE) ?? '');
}

function rootsOfEntry({ deps, outs }: LockEntry): NeededRoot[] {
  const listings = deps.filter(({ kind }) => kind === 'directory');
  return [
    ...outs.map(({ path, ...snapshot }) => rootOf(snapshot, path)),
    ...listings.map(({ id, path }): NeededRoot => ({ kind: 'listing', id, path })),
  ];
}
