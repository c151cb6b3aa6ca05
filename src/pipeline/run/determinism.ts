import type { RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { Stage } from '../definition/stage/stage.js';
import type { FileChange, PipelineHost } from '../host.js';
import { lockedInputs, sortedByPath } from '../records/lock-file.js';
import { runRecordValue } from '../records/run-record.js';
import { sameContent, signatureOf, type LockedPath } from '../records/signature.js';
import type { LoadedPipeline } from '../staleness/load.js';
import { outputNotMade } from './record-result.js';
import { restoreStage, runStage, type RunOptions } from './run-stage.js';

/** An output that a second run made differently. */
export interface DifferingOutput {
  readonly path: RepoPath;
  /** Content ids: of the result that counts, and of the second one. */
  readonly old: string;
  readonly new: string;
  /** Of a directory. */
  readonly files?: readonly FileChange[];
}

/** How a second run of a stage compares with its recorded result. */
export interface Comparison {
  readonly deterministic: boolean;
  readonly differing: readonly DifferingOutput[];
}

/** Which stages are run once more, to be compared. */
export class Comparisons {
  readonly #host: Pick<PipelineHost, 'events'>;
  readonly #names: ReadonlySet<string>;

  constructor(host: Pick<PipelineHost, 'events'>, names: ReadonlySet<string>) {
    this.#host = host;
    this.#names = names;
  }

  /** True if this one is; says so where it was asked for and cannot be. */
  wants(stage: Stage): boolean {
    if (!this.#names.has(stage.name)) return false;
    const why = notComparable(stage);
    if (why === undefined) return true;
    const message = `${stage.name}: not run a second time, for ${why}`;
    this.#host.events({ type: 'note', level: 'info', code: 'not-compared', message });
    return false;
  }
}

/** Why a stage cannot be run twice and compared; undefined if it can. */
function notComparable(stage: Stage): string | undefined {
  if (stage.outs.length === 0) return 'it has no outputs to compare';
  const kept = stage.outs.find(({ persist }) => persist);
  return kept && `its output ${kept.path} has persist: a run starts from what the last one left there`;
}

/**
 * Runs a stage that is up to date once more, in the same place, and compares what it makes with what the lock says. The recorded
 * result is put back, also if the second run fails, which throws. A second result that differs becomes a run record as well: that
 * a signature has two is how everybody is told that the stage is not deterministic.
 */
export async function runAgain(
  loaded: LoadedPipeline,
  stage: Stage,
  how: Pick<RunOptions, 'env' | 'signal' | 'executors'>,
): Promise<Comparison> {
  const { host, locks } = loaded;
  const entry = locks.read().get(stage.name)!;
  const inputs = lockedInputs(entry);
  const result = entry.outs.map(({ persist: _persist, ...out }) => out);
  const putBack = async (): Promise<void> => {
    await restoreStage(loaded, stage, { result, inputs, executors: how.executors });
  };
  try {
    const reasons = [{ kind: 'compared', subject: stage.name }] as const;
    await runStage(loaded, stage, { ...how, reasons, forced: false, commit: false });
    const again = await storeOutputs(host, stage);
    const differing = differences(host, result, again);
    if (differing.length > 0) await host.records.put(signatureOf(inputs), runRecordValue(inputs, again));
    await putBack();
    return { deterministic: differing.length === 0, differing };
  } catch (error) {
    // What the failed run left is ocrpipe's to delete; an interrupted command stops here, and the next repro puts it back.
    if (!host.signal.aborted) await putBack();
    throw error;
  }
}

async function storeOutputs({ files, events, signal }: PipelineHost, stage: Stage): Promise<LockedPath[]> {
  const outs: LockedPath[] = [];
  for (const { path } of sortedByPath(stage.outs)) {
    const snapshot = await files.store(path, { events, signal });
    if (!snapshot) throw outputNotMade(stage, path);
    outs.push({ path, ...snapshot });
  }
  return outs;
}

function differences(
  host: PipelineHost,
  result: readonly LockedPath[],
  again: readonly LockedPath[],
): DifferingOutput[] {
  const before = new Map(result.map((out) => [out.path, out]));
  return again.flatMap((out): DifferingOutput[] => {
    const old = before.get(out.path);
    if (!old || sameContent(old, out)) return [];
    const files = old.kind === 'directory' ? host.changes(old, snapshotOf(out)) : undefined;
    return [{ path: out.path, old: old.id, new: out.id, ...(files && { files }) }];
  });
}

function snapshotOf({ path: _path, ...snapshot }: LockedPath): Snapshot {
  return snapshot;
}
