import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { hasRemote, withRemote } from './remote-session.js';

/** Downloads at once: listings are small. */
const JOBS = 8;

/**
 * Brings the listings of directories from the default remote into the store, and none of their files. False where there is no remote, or
 * where it has not all of them; throws what a fetch throws otherwise.
 */
export async function fetchTrees(snapshots: readonly Snapshot[], call: Call): Promise<boolean> {
  const workspace = Workspace.open(call, 'git merge');
  try {
    if (!hasRemote(workspace, undefined)) return false;
    await workspace.useStore();
    const { store, records, events, signal } = workspace;
    const roots = snapshots
      .filter(({ kind }) => kind === 'directory')
      .map(({ id }) => ({ id, kind: 'tree' as const, name: id, nodesOnly: true }));
    await withRemote(workspace, undefined, (session) =>
      fetchObjects({ ...session, store, runs: records, roots, runKeys: [], jobs: JOBS, events, signal }),
    );
    return true;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return false;
    throw error;
  } finally {
    workspace.close();
  }
}
