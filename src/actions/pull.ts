import type { Call } from '../base/call.js';
import { collectGarbage } from '../base/collect-garbage.js';
import { OcrpipeError } from '../base/errors.js';
import type { LinkType } from '../base/link-type.js';
import { repoPath, type RepoPath } from '../base/paths.js';
import { RunningMarks } from '../pipeline/records/running-mark.js';
import { Workspace } from '../project/workspace.js';
import { DamagedOnRemote } from '../remote/fetch/damaged-on-remote.js';
import { MissingOnRemote } from '../remote/fetch/missing-on-remote.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { copiesToCome } from './copies-to-come.js';
import { failuresOfEach, throwFailures } from './each-path.js';
import { fetchTargets, type FetchedTargets, type FetchOptions } from './fetch.js';
import { sumTransfers, type Transferred } from './remote-session.js';
import { chooseTargets, type TargetPath } from './remote-targets.js';
import { beyondWorkspace, passOver } from './transfer-scope.js';
import { refuseOverwritten } from './overwritten-pointers.js';
import { withPartsMeant } from './matching-targets.js';
import { putFiles } from './put-files.js';
import { warnOfUnseen } from './unseen-pointers.js';

/**
 * Like fetch, and puts the files where the pointers say. Files edited since are not overwritten without `force`, and what is
 * neither here nor on the remote cannot be put anywhere: such a path is left as it is, the others are done, and then the error
 * is thrown.
 */
export async function pull(
  options: FetchOptions & { force: boolean; links?: readonly LinkType[] | undefined },
  call: Call,
): Promise<Transferred & { remote: string; paths: string[] }> {
  const workspace = Workspace.open(call, 'ocrpipe pull');
  try {
    await workspace.useStore();
    const { scope = {} } = options;
    const beyond = await beyondWorkspace(workspace, scope, options.targets);
    const targets = chooseTargets(workspace, options.targets);
    if (options.targets.length === 0) {
      const found = workspace.files.foundPointers();
      await warnOfUnseen(workspace, found);
      await refuseOverwritten(workspace, found);
    }
    const nowhere = new Nowhere();
    const copies = copiesToCome(workspace, targets.paths, options.links);
    const bring = async (): Promise<FetchedTargets> =>
      nowhere.noted(await fetchTargets(workspace, targets, { ...options, beyond, copies }));
    const fetched = [await bring()];
    collectGarbage();
    const marks = new RunningMarks(workspace);
    const { force, links } = options;
    const how = { events: call.events, signal: call.signal, force, keepEdits: true, ...(links && { links }) };
    const placed = withPartsMeant(workspace.store, targets.paths).known;
    const wholes = byPath(placed);
    const { done } = await putFiles(
      workspace,
      wholes.filter(({ parts }) => parts === undefined),
      options,
      call,
    );
    const others = wholes.filter(({ path }) => !done.has(path));
    const failures = await failuresOfEach(others, call, async (wanted) => {
      const { path, snapshot, parts } = wanted;
      const put = (): Promise<unknown> =>
        parts === undefined
          ? workspace.files.checkout(path, snapshot, how)
          : workspace.files.checkoutParts(path, snapshot, { ...how, parts });
      try {
        await put().catch(async (error: unknown) => {
          // What was found damaged in the store counts as absent from now on: the remote may have it.
          if (!(error instanceof OcrpipeError) || error.code !== 'object-damaged') throw error;
          fetched.push(await bring());
          await put();
        });
        marks.settle(path);
      } catch (error) {
        if (!isOfSource(error, path, fetched) && !nowhere.explains(error, path)) throw error;
      }
    });
    const passed = scope.allowMissing === true ? [...nowhere.missing, ...beyond.broken] : [];
    passOver(passed, call);
    const unread = fetched.at(-1)!.failures.values();
    const all = [...nowhere.errors, ...unread, ...failures, ...beyond.broken];
    throwFailures(all.filter((failure) => !passed.includes(failure)));
    return { ...fetched.reduce(sumOf).transferred, paths: placed.map(placeOf) };
  } finally {
    workspace.close();
  }
}

/** True for an import that is not here because its source could not be had: that is said with the others. */
function isOfSource(error: unknown, path: RepoPath, fetched: readonly FetchedTargets[]): boolean {
  const isMissing = error instanceof OcrpipeError && error.code === 'object-missing';
  return isMissing && fetched.some(({ failures }) => failures.has(path));
}

/** What the fetches of one pull found to be neither here nor on the remote, or damaged there. */
class Nowhere {
  #error: MissingOnRemote | undefined;
  #damaged: DamagedOnRemote | undefined;

  /** The outcome of a fetch; what was nowhere is thrown when the rest is in place, any other failure at once. */
  noted(fetched: FetchedTargets): FetchedTargets {
    const { atRemote, failures } = fetched;
    if (atRemote instanceof MissingOnRemote) this.#error = atRemote;
    else if (atRemote instanceof DamagedOnRemote) this.#damaged = atRemote;
    else if (atRemote !== undefined) throwFailures([atRemote, ...failures.values()], 'things');
    return fetched;
  }

  /** True for the failure of a path whose bytes are nowhere, which is then said with the others. */
  explains(error: unknown, path: RepoPath): boolean {
    if (!(error instanceof OcrpipeError) || error.code !== 'object-missing') return false;
    const known = this.#error;
    if (known === undefined) return this.#damaged !== undefined;
    // Of two folders with the same files a fetch names one.
    const { files } = known.missing;
    if (!files.some((file) => file.path === path || file.path.startsWith(`${path}/`))) {
      this.#error = new MissingOnRemote({ ...known.missing, files: [...files, { path }] });
    }
    return true;
  }

  /** What was never pushed, unless something is damaged as well. */
  get missing(): OcrpipeError[] {
    return this.#error && !this.#damaged ? [this.#error] : [];
  }

  get errors(): OcrpipeError[] {
    return [this.#error, this.#damaged].filter((error) => error !== undefined);
  }
}

function sumOf(a: FetchedTargets, b: FetchedTargets): FetchedTargets {
  const { remote } = a.transferred;
  return { ...b, transferred: { ...sumTransfers(a.transferred, b.transferred), remote } };
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
