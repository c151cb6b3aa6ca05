import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { userError } from '../base/errors.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { writePoint } from '../base/write-points.js';
import type { PipelineHost } from './host.js';
import { sameContent, type LockedPath } from './signature.js';
import type { OutputNow, StageNow } from './staleness.js';

/** What may happen to bytes that no store holds. */
export interface Discard {
  /** What stands at the outputs was left by a run that did not end, or may be lost because the user said so. */
  readonly discard: boolean;
}

/**
 * Makes room for a run: outputs are removed, those with `persist` stay, the folders that they lie in are made. Bytes that
 * the store does not hold are stored first unless `discard`: no byte is lost.
 */
export async function clearOutputs(host: PipelineHost, now: StageNow, { discard }: Discard): Promise<void> {
  for (const out of now.outs) {
    host.signal.throwIfAborted();
    const path = out.output.path;
    refuseOutside(host, path);
    if (out.there && !out.stored() && !discard) await host.files.store(path, host);
    if (!out.output.persist) remove(host, path);
    mkdirSync(dirname(fromRepoPath(host.root, path)), { recursive: true });
  }
}

/** Puts the outputs of an earlier run in place, with their pointers; those that are as they should be are not touched. */
export async function restoreOutputs(
  host: PipelineHost,
  now: StageNow,
  request: { result: readonly LockedPath[] } & Discard,
): Promise<void> {
  const result = new Map(request.result.map((out) => [out.path, out]));
  for (const out of now.outs) {
    host.signal.throwIfAborted();
    const { path, ...snapshot } = result.get(out.output.path)!;
    refuseOutside(host, path);
    if (!sameContent(out.there, snapshot)) {
      if (out.there && !out.stored() && !request.discard) await host.files.store(path, host);
      await host.files.checkout(path, snapshot, {
        events: host.events,
        signal: host.signal,
        force: request.discard,
      });
    }
    await setPointer(host, out, snapshot);
  }
}

/** A cached output has a pointer, any other has none. */
export async function setPointer(
  host: PipelineHost,
  out: Pick<OutputNow, 'output'>,
  snapshot: Omit<LockedPath, 'path'>,
): Promise<void> {
  if (out.output.cache) await host.files.writePointer(out.output.path, snapshot);
  else if (host.files.pointer(out.output.path)) await host.files.removePointer(out.output.path);
}

function remove(host: PipelineHost, path: RepoPath): void {
  writePoint();
  rmSync(fromRepoPath(host.root, path), { recursive: true, force: true });
}

/** A link among the folders above an output may lead anywhere: nothing is removed behind one that leaves the workspace. */
function refuseOutside(host: PipelineHost, path: RepoPath): void {
  const root = realpathSync(host.root);
  const folder = nearestReal(dirname(fromRepoPath(host.root, path)));
  if (folder === root || folder.startsWith(root + sep)) return;
  throw userError('path-outside-workspace', `'${path}' leads outside the workspace, to ${folder}`, {
    hint: 'A folder above it is a link: let the stage write elsewhere.',
  });
}

function nearestReal(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return nearestReal(dirname(folder));
  }
}
