import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import type { RepoPath } from '../base/paths.js';
import type { DownloadOptions } from '../project/source/download-file.js';
import type { Workspace } from '../project/workspace.js';
import { loadCheckedView } from '../remote/catalog/load-view.js';
import { push } from '../remote/push/push.js';
import type { PushStore } from '../remote/push/push-store.js';
import { UnstoredFiles } from '../tracking/unstored-files.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { withRemote } from './remote-session.js';
import { rootKind } from './remote-targets.js';

/** How a download is had by a remote instead of the store. */
export type Taking = Pick<DownloadOptions, 'take' | 'takeFolder'>;

export interface TakenInput {
  /** What it is tracked as. */
  path: RepoPath;
  /** The default one if it has no name. */
  remote: string | undefined;
  /** Uploads at once. */
  jobs: number;
  call: Call;
}

/** Opens a remote, and runs a download whose bytes go there. When it returns the remote has all of it, and knows what it belongs to. */
export async function takenByRemote<T>(
  workspace: Workspace,
  { path, remote, jobs, call }: TakenInput,
  download: (taking: Taking) => Promise<T>,
): Promise<T> {
  const { events, signal } = call;
  const { records: runs, settings, store } = workspace;
  const { result } = await withRemote(workspace, remote, async (session) => {
    const view = await loadCheckedView({ ...session, signal });
    const send = async (source: PushStore, snapshot: Snapshot): Promise<void> => {
      const roots = [{ id: snapshot.id, kind: rootKind(snapshot), name: path }];
      const wanted = { roots, runs: [], project: settings.project ?? '' };
      await push({ ...session, source: { store: source, runs }, wanted, jobs, events, signal });
    };
    const taking: Taking = {
      take: (file, snapshot) => {
        const files = new UnstoredFiles(store);
        files.add(file, { snapshot, reader: store });
        return send(files, snapshot);
      },
      takeFolder: { has: (blob: ContentId) => view.keeps('blob', blob), send },
    };
    return { done: await download(taking), objects: 0, packs: 0 };
  });
  return result.done;
}
