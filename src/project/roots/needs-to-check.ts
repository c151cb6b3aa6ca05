import { OcrpipeError } from '../../base/errors.js';
import { readTextIfThere } from '../../base/read-text.js';
import type { RepoPath } from '../../base/paths.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { parseLockFile, type LockFile } from '../../pipeline/records/lock-file.js';
import type { NeededRoot } from '../../store/needed-root.js';
import { findPointers } from '../../tracking/pointers/find-pointers.js';
import { readPointer } from '../../tracking/pointers/pointer-file.js';
import { pathOfPointer } from '../../tracking/pointers/plain-pointer.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { Workspace } from '../workspace.js';
import { committedTexts, placed, type CommittedText } from './committed-texts.js';
import { pointedBy } from './naming-files.js';
import { rootOf, rootsOfEntry } from './needs.js';

/** What a workspace needs its store for here and now, for a check: what cannot be read is told, and the rest is looked at. */
export interface NeedsToCheck {
  /**
   * What the pointers name: those in the workspace, those added to git (their paths as git writes it, `:data/raw`), those of the
   * last commit (`HEAD:data/raw`). What several of them name is there once, for the first.
   */
  pointed: readonly NeededRoot[];
  /** What pipeline.lock names besides, by path: without it a stage is run again instead of restored, and nothing is lost. */
  locked: readonly NeededRoot[];
  /** The pointers in the workspace that can be read. */
  pointers: readonly { path: RepoPath; snapshot: Snapshot }[];
  /** Files that could not be read: a broken pointer, a broken lock. */
  problems: readonly OcrpipeError[];
}

/** Reads the pointers of a workspace and its lock. Does not need the store. */
export async function needsToCheck(workspace: Workspace): Promise<NeedsToCheck> {
  const roots = new Map<string, NeededRoot>();
  const problems: OcrpipeError[] = [];
  const pointers: { path: RepoPath; snapshot: Snapshot }[] = [];
  const add = (root: NeededRoot): void => {
    const name = root.kind + root.id;
    if (!roots.has(name)) roots.set(name, root);
  };
  for (const path of findPointers(workspace.root, { gitignore: workspace.git !== undefined })) {
    orProblem(problems, () => {
      const snapshot = readPointer(workspace.root, path, (output) => workspace.stageOf(output));
      if (!snapshot) return;
      pointers.push({ path, snapshot });
      add(rootOf(snapshot, path));
    });
  }
  for (const root of await rootsInGit(workspace)) add(root);
  const pointed = new Set(roots.keys());
  orProblem(problems, () => {
    for (const entry of lockOf(workspace).values()) rootsOfEntry(entry, (path) => path).forEach(add);
  });
  const all = [...roots];
  return {
    pointed: all.filter(([name]) => pointed.has(name)).map(([, root]) => root),
    locked: all.filter(([name]) => !pointed.has(name)).map(([, root]) => root),
    pointers,
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

async function rootsInGit({ git }: Workspace): Promise<NeededRoot[]> {
  if (git === undefined) return [];
  const commit = await git.currentCommit();
  const [added, committed] = await Promise.all([git.staged(), commit ? git.filesAt(commit) : []]);
  const files = [...placed(added, 'index'), ...(commit ? placed(committed, commit) : [])];
  return (await committedTexts(git, files)).flatMap((version) => {
    const path = pathOfPointer(version.path);
    const snapshot = path && soundPointer(version);
    return snapshot ? [rootOf(snapshot, `${version.where === 'index' ? ':' : 'HEAD:'}${path}`)] : [];
  });
}

/** What was committed broken names nothing, and cannot be mended. */
function soundPointer({ text, path }: CommittedText): Snapshot | undefined {
  try {
    return pointedBy(text, path);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

function lockOf({ root }: Workspace): LockFile {
  return parseLockFile(readTextIfThere(root, LOCK_FILE) ?? '');
}
