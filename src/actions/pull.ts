import type { Call } from '../base/call.js';
import { repoPath } from '../base/paths.js';
import { entryWithin } from '../project/stored-directory.js';
import { Workspace } from '../project/workspace.js';
import { fetchTargets, type FetchOptions } from './fetch.js';
import type { Transferred } from './remote-session.js';
import { chooseTargets, type TargetPath } from './remote-targets.js';

/** Like fetch, and puts the files where the pointers say. Files edited since are not overwritten without `force`. */
export async function pull(
  options: FetchOptions & { force: boolean },
  call: Call,
): Promise<Transferred & { remote: string; paths: string[] }> {
  const workspace = Workspace.open(call, 'ocrpipe pull');
  try {
    const targets = chooseTargets(workspace, options.targets);
    const fetched = await fetchTargets(workspace, targets, options);
    const paths: string[] = [];
    for (const target of targets.paths) paths.push(await checkOut(workspace, target, options.force));
    return { ...fetched, paths };
  } finally {
    workspace.close();
  }
}

async function checkOut(workspace: Workspace, target: TargetPath, force: boolean): Promise<string> {
  const { files, events, signal, store } = workspace;
  const { path, snapshot, below } = target;
  const how = { events, signal, force };
  if (below === undefined) {
    await files.checkout(path, snapshot, how);
    return path;
  }
  const part = entryWithin(store, snapshot, below);
  const place = repoPath(`${path}/${below}`);
  if (part !== undefined) await files.checkout(place, part, how);
  return place;
}
