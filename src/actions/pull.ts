import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { repoPath, type RepoPath } from '../base/paths.js';
import { RunningMarks } from '../pipeline/running-mark.js';
import { Workspace } from '../project/workspace.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { forEachPath } from './each-path.js';
import { fetchTargets, type FetchOptions } from './fetch.js';
import type { Transferred } from './remote-session.js';
import { chooseTargets, type TargetPath } from './remote-targets.js';

/**
 * Like fetch, and puts the files where the pointers say. Files edited since are not overwritten without `force`: their path is
 * left as it is, the others are done, and then the error is thrown.
 */
export async function pull(
  options: FetchOptions & { force: boolean },
  call: Call,
): Promise<Transferred & { remote: string; paths: string[] }> {
  const workspace = Workspace.open(call, 'ocrpipe pull');
  try {
    const targets = chooseTargets(workspace, options.targets);
    const fetched = await fetchTargets(workspace, targets, options);
    const again: Transferred[] = [];
    const marks = new RunningMarks(workspace);
    const how = { events: call.events, signal: call.signal, force: options.force, keepEdits: true };
    await forEachPath(byPath(targets.paths), call.signal, async ({ path, snapshot, parts }) => {
      const put = (): Promise<unknown> =>
        parts === undefined
          ? workspace.files.checkout(path, snapshot, how)
          : workspace.files.checkoutParts(path, snapshot, { ...how, parts });
      await put().catch(async (error: unknown) => {
        // What was found damaged in the store counts as absent from now on: the remote may have it.
        if (!(error instanceof OcrpipeError) || error.code !== 'object-damaged') throw error;
        again.push(await fetchTargets(workspace, targets, options));
        await put();
      });
      marks.settle(path);
    });
    return { ...again.reduce(sumOf, fetched), remote: fetched.remote, paths: targets.paths.map(placeOf) };
  } finally {
    workspace.close();
  }
}

function sumOf(a: Transferred, b: Transferred): Transferred {
  return {
    objects: a.objects + b.objects,
    packs: a.packs + b.packs,
    bytes: a.bytes + b.bytes,
    requests: a.requests + b.requests,
    seconds: a.seconds + b.seconds,
  };
}

interface Wanted {
  path: RepoPath;
  snapshot: Snapshot;
  /** Only these parts of it. */
  parts?: readonly RepoPath[];
}

/** The parts of one directory are put there together. */
function byPath(targets: readonly TargetPath[]): Wanted[] {
  const parts = new Map<RepoPath, RepoPath[]>();
  return targets.flatMap((target): Wanted[] => {
    const { path, snapshot, below } = target;
    if (below === undefined) return [{ path, snapshot }];
    const known = parts.get(path);
    known?.push(placeOf(target));
    if (known) return [];
    const own = [placeOf(target)];
    parts.set(path, own);
    return [{ path, snapshot, parts: own }];
  });
}

function placeOf({ path, below }: TargetPath): RepoPath {
  return below === undefined ? path : repoPath(`${path}/${below}`);
}
