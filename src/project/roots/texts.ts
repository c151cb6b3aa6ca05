import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { LOCK_FILE } from '../../pipeline/definition/file-names.js';
import { parseLockFile, type LockEntry } from '../../pipeline/records/lock-file.js';
import { runOf } from '../../pipeline/records/locked-run.js';
import type { LockedPath } from '../../pipeline/records/signature.js';
import type { NeededRoot } from '../../store/gc/mark-needed.js';
import { isPointerText, parsePointer, pathOfPointer } from '../../tracking/pointers/pointer.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { Needs } from './needs.js';

/** Files that name what is needed, as git matches them. */
export const NAMING_FILES = ['*.ocr', LOCK_FILE];

/** True for a file of which `needsOfText` may say something. */
export function isNamingFile(path: RepoPath): boolean {
  return path === LOCK_FILE || pathOfPointer(path) !== undefined;
}

/**
 * What a pointer or pipeline.lock needs; nothing for any other text. `where` says where that text is: 'in 1a2b3c4d5e'. Throws for
 * one that cannot be read (exit code 2), naming it: what it needs cannot be guessed.
 */
export function needsOfText(text: string, path: RepoPath, where: string): Needs {
  const file = where === '' ? path : `${path} (${where})`;
  try {
    if (path === LOCK_FILE) return needsOfLock([...parseLockFile(text, file).values()], file);
    return isPointerText(text) ? { roots: [rootOf(parsePointer(text, file), file)], runs: [] } : NOTHING;
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    const { code, message, location } = error;
    throw userError(code, message, {
      hint: `It cannot be known what this file needs, so nothing is collected. ${whatToDo(where)}`,
      ...(location && { location }),
      cause: error,
    });
  }
}

const NOTHING: Needs = { roots: [], runs: [] };

function whatToDo(where: string): string {
  return where === '' ? 'Mend it first.' : 'Mend it there, or choose a scope without it.';
}

export function rootOf({ id, kind }: Snapshot, needer: string): NeededRoot {
  return { kind: kind === 'directory' ? 'tree' : 'blob', id, needer };
}

/** Results, and the listings by which it is told later what changed. Their pointers are what must be there. */
function needsOfLock(entries: readonly LockEntry[], needer: string): Needs {
  const outs = entries.flatMap((entry) => entry.outs.map((out) => rootOf(out, needer)));
  const deps = entries.flatMap((entry) => entry.deps.filter(isDirectory));
  const listings = deps.map(({ id }): NeededRoot => ({ kind: 'listing', id, needer }));
  return {
    roots: [...outs, ...listings].map((root) => ({ ...root, optional: true })),
    runs: entries.map(runOf),
  };
}

function isDirectory({ kind }: LockedPath): boolean {
  return kind === 'directory';
}
