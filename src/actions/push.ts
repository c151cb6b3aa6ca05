import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { runOf } from '../pipeline/records/locked-run.js';
import { Workspace } from '../project/workspace.js';
import { push as pushObjects } from '../remote/push/push.js';
import { notTracked } from '../remote/fetch/wanted-walk.js';
import type { PushRoot } from '../remote/push/push-plan.js';
import type { RunId, RunRecords } from '../store/run-records.js';
import { entryWithin } from '../project/stored-directory.js';
import { isFromRepository } from './fetch-imports.js';
import { withRemote, type RemoteSession, type Transferred } from './remote-session.js';
import { chooseTargets, companionsOf, rootKind, type TargetPath } from './remote-targets.js';
import { refuseOverwritten } from './overwritten-pointers.js';
import { warnOfUnseen } from './unseen-pointers.js';

export interface PushOptions {
  /** Tracked paths, folders or stages; empty for everything. */
  targets: readonly string[];
  /** The default remote if left out. */
  remote?: string | undefined;
  /** What was imported from other repositories too, whose remotes have it; a target that is one goes in any case. */
  imports?: boolean | undefined;
  /** Read what the remote has of it first, and send again what is gone or damaged there. */
  verify: boolean;
  /** Uploads at once. */
  jobs: number;
  /** Bytes a second at most, as it is written; what the configuration says if left out. */
  bandwidth?: string | undefined;
}

/** Sends what the workspace's pointers name, and the run records of pipeline.lock, as far as the remote lacks it. */
export async function push(options: PushOptions, call: Call): Promise<Transferred & { remote: string }> {
  const workspace = Workspace.open(call, 'ocrpipe push');
  try {
    await workspace.useStore();
    const { paths: chosen, entries } = chooseTargets(workspace, options.targets);
    const withImports = options.imports === true || options.targets.length > 0;
    const paths = chosen.filter(({ snapshot }) => withImports || !isFromRepository(snapshot));
    if (options.targets.length === 0) {
      await warnOfUnseen(workspace);
      await refuseOverwritten(workspace);
    }
    const { store, records } = workspace;
    const roots = [...paths.map((target) => pushRoot(workspace, target)), ...companionsOf(entries)];
    const runs = entries.map(runOf).filter((run) => isReadable(records, run));
    const project = workspace.settings.project ?? '';
    const send = async (session: RemoteSession) => {
      const pushed = await pushObjects({
        ...session,
        source: { store, runs: records },
        wanted: { roots, runs, project },
        verify: options.verify,
        jobs: options.jobs,
        events: call.events,
        signal: call.signal,
      });
      return { ...pushed, name: session.name };
    };
    const { result, transferred } = await withRemote(workspace, options.remote, send, options);
    return { ...transferred, remote: result.name };
  } finally {
    workspace.close();
  }
}

function pushRoot(workspace: Workspace, target: TargetPath): PushRoot {
  const { path, snapshot, below } = target;
  const storedBy = (): string => storingHint(path, workspace.stageOf(path));
  if (below === undefined) return { id: snapshot.id, kind: rootKind(snapshot), name: path, storedBy };
  const part = entryWithin(workspace.store, snapshot, below);
  if (part !== undefined) return { id: part.id, kind: rootKind(part), name: `${path}/${below}`, storedBy };
  if (workspace.store.has('tree', snapshot.id)) throw notTracked(path, below);
  throw new OcrpipeError('object-missing', `${path}/${below} is not in the store`, { hint: storedBy() });
}

/** What stores the bytes of a tracked path anew. */
function storingHint(path: RepoPath, stage: string | undefined): string {
  return stage === undefined
    ? `Run 'ocrpipe add ${shellQuote(path)}' where its files are.`
    : `Run 'ocrpipe commit ${stage}', which stores what stands at its outputs, or 'ocrpipe repro --force ${stage}', which makes them again.`;
}

/** A damaged or absent record is no loss: it is written again when its stage runs. */
function isReadable(records: RunRecords, run: RunId): boolean {
  try {
    records.readBytes(run);
    return true;
  } catch (error) {
    if (error instanceof OcrpipeError) return false;
    throw error;
  }
}
