import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import type { Workspace } from '../project/workspace.js';
import type { ImportSource } from '../tracking/pointers/import-source.js';
import { failuresOfEach } from './each-path.js';
import { lookAtSource } from './update.js';

/** How an import stands beside what its source has now. */
export interface ImportState {
  path: RepoPath;
  /** `locked`: what it follows cannot change. `unknown`: the source cannot be had, see `problem`, or does not tell its versions apart. */
  state: 'current' | 'behind' | 'locked' | 'unknown';
  source: ImportSource;
  problem?: { code: string; message: string; hint?: string };
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Asks the source of each of these paths that was imported. Changes nothing, and downloads no file. */
export async function importStates(
  workspace: Workspace,
  paths: readonly RepoPath[],
  call: Call,
): Promise<ImportState[]> {
  const states: ImportState[] = [];
  await failuresOfEach(paths, call, async (path) => {
    const snapshot = workspace.files.pointer(path);
    const source = snapshot?.source;
    if (!snapshot || !source) return;
    const locked = 'repository' in source ? COMMIT.test(source.rev ?? '') : source.pinned === true;
    if (locked) {
      states.push({ path, state: 'locked', source });
      return;
    }
    try {
      const found = await lookAtSource(workspace, { path, snapshot, source }, call);
      const state = found === undefined ? 'unknown' : found === 'outdated' ? 'behind' : 'current';
      states.push({ path, state, source });
    } catch (error) {
      if (!(error instanceof OcrpipeError) || call.signal.aborted) throw error;
      const { code, message, hint } = error;
      states.push({ path, state: 'unknown', source, problem: { code, message, ...(hint && { hint }) } });
    }
  });
  return states;
}
