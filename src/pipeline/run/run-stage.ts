import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { fromRepoPath } from '../../base/paths.js';
import { runCommands, type CommandResult } from './executor.js';
import { pathWithOcrpipe } from './installation.js';
import type { LoadedPipeline } from '../staleness/load.js';
import { clearOutputs, restoreOutputs, secureOutputs } from './output-files.js';
import { requireFolder, requireInputs } from '../staleness/refusals.js';
import { throwProblems } from '../definition/problems.js';
import {
  lockResult,
  outputNotMade,
  recordResult,
  refuseChangedInputs,
  type Recording,
} from './record-result.js';
import { reasonText, type Reason } from '../staleness/reason.js';
import { signatureOf, type LockedPath, type StageInputs } from '../records/signature.js';
import type { StageNow } from '../staleness/staleness.js';
import { StageLog } from './stage-log.js';
import { TimeLimit } from './time-limit.js';
import { SecretMask } from './secret-mask.js';
import { stageEnvironment } from './stage-environment.js';
import { missingSecretProblems, refuseExposedSecrets } from '../staleness/secrets.js';
import type { Stage } from '../definition/stage.js';
import { editedProblems } from '../staleness/tracked-inputs.js';

/** The commands of a stage failed; `lastLines` is the end of what they printed. */
export class StageFailed extends OcrpipeError {
  readonly lastLines: readonly string[];

  constructor(stage: Stage, result: Exclude<CommandResult, { ok: true }>, log: StageLog) {
    const how = result.signal === null ? `exit code ${String(result.code)}` : result.signal;
    super('stage-failed', `stage '${stage.name}' failed (${how}): ${result.command}`, {
      hint: `All that it printed: 'ocrpipe logs ${stage.name}' (${log.path}). Its outputs were not recorded.`,
    });
    this.lastLines = log.lastLines();
  }
}

export interface RunOptions {
  readonly reasons: readonly Reason[];
  /** The user allows outputs that were edited by hand to be lost. */
  readonly forced: boolean;
  /** False: the outputs are left in the workspace, and nothing is stored or recorded. */
  readonly commit: boolean;
  /** Variables of the slots that it holds. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the commands; what they have made is recorded once they have ended. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one stage and records what it made. Throws `stage-failed`, `missing-dependency`, or what recording throws; nothing of
 * the stage is recorded then, and its mark says what it left, which the next run may delete.
 */
export async function runStage(loaded: LoadedPipeline, stage: Stage, options: RunOptions): Promise<void> {
  const { host, observer } = loaded;
  const now = await lookAgain(loaded, stage, options.forced);
  const inputs = requireInputs(now);
  requireFolder(loaded, stage);
  throwProblems(missingSecretProblems(loaded.pipeline, [stage]));
  refuseExposedSecrets(loaded.pipeline, stage, inputs);
  host.events({ type: 'stage-start', stage: stage.name, reasons: options.reasons.map(reasonText) });
  await secureOutputs(host, now, options);
  await underMark(loaded, stage, async () => {
    await clearOutputs(host, now, options);
    observer.changed(stage.outs.map((out) => out.path));
    await runLogged(loaded, stage, options);
    if (options.commit) {
      await recordResult(recordingOf(loaded), stage, { inputs, madeByStage: true });
      return undefined;
    }
    observer.changed(stage.outs.map((out) => out.path));
    await requireOutputs(loaded, stage);
    await refuseChangedInputs(observer, stage, inputs);
    return signatureOf(inputs);
  });
}

/**
 * Puts the result of an earlier run in place and records it as the stage's last. False, and nothing is done, if the inputs are
 * no longer those that the result was chosen for.
 */
export async function restoreStage(
  loaded: LoadedPipeline,
  stage: Stage,
  { result, inputs }: { result: readonly LockedPath[]; inputs: StageInputs },
): Promise<boolean> {
  const { host } = loaded;
  const now = await lookAgain(loaded, stage, false);
  if (signatureOf(requireInputs(now)) !== signatureOf(inputs)) return false;
  await secureOutputs(host, now, { forced: false });
  await underMark(loaded, stage, async () => {
    await restoreOutputs(host, now, result);
    await lockResult(recordingOf(loaded), stage, { inputs, outs: result, pointers: false });
    return undefined;
  });
  return true;
}

/**
 * Does what changes a stage's outputs while a mark says so. `work` gives the signature of its inputs if all is made and
 * nothing recorded: then, and if it fails, the mark stays and says what was left.
 */
async function underMark(
  loaded: LoadedPipeline,
  stage: Stage,
  work: () => Promise<ContentId | undefined>,
): Promise<void> {
  const { marks, observer } = loaded;
  marks.begin(stage);
  try {
    const finished = await work();
    if (finished === undefined) marks.clear(stage.name);
    else marks.end(stage.name, await leftAt(loaded, stage), finished);
  } catch (error) {
    marks.end(stage.name, isSomebodysEdit(error) ? [] : await leftAt(loaded, stage));
    throw error;
  } finally {
    observer.changed(stage.outs.map((out) => out.path));
  }
}

/** An output changed while it was being replaced: what stands there is not only the stage's. */
function isSomebodysEdit(error: unknown): boolean {
  return error instanceof OcrpipeError && ['output-changed', 'would-lose-bytes'].includes(error.code);
}

/** What stands at the outputs, also when the run was aborted; what cannot be looked at is nobody's to delete. */
async function leftAt({ host }: LoadedPipeline, stage: Stage): Promise<LockedPath[]> {
  const left: LockedPath[] = [];
  for (const { path } of stage.outs) {
    try {
      const snapshot = await host.files.snapshot(path);
      if (snapshot) left.push({ path, ...snapshot });
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
    }
  }
  return left;
}

/**
 * The stage as it stands just before its outputs are removed: hours may have passed since it was planned. Throws
 * `output-changed` if somebody edited an output since.
 */
async function lookAgain(loaded: LoadedPipeline, stage: Stage, forced: boolean): Promise<StageNow> {
  const { host, observer, lock } = loaded;
  observer.forgetOutdated(stage.deps);
  observer.changed(stage.outs.map(({ path }) => path));
  const now = await observer.stage(stage);
  if (!forced) {
    throwProblems(editedProblems(host, now, lock.get(stage.name)));
  }
  return now;
}

export function recordingOf({ host, observer, locks, pipeline }: LoadedPipeline): Recording {
  return { host, observer, locks, names: new Set(pipeline.stages.keys()) };
}

async function requireOutputs({ observer }: LoadedPipeline, stage: Stage): Promise<void> {
  const missing = (await observer.outputsOf(stage)).find((out) => !out.there);
  if (missing) throw outputNotMade(stage, missing.output.path);
}

async function runLogged(
  { host, marks, observer, pipeline }: LoadedPipeline,
  stage: Stage,
  { env, signal }: RunOptions,
): Promise<void> {
  const log = new StageLog(host.stateFolder, stage.name);
  const limit = new TimeLimit(stage);
  try {
    const result = await runCommands({
      run: stage.run,
      cwd: fromRepoPath(host.root, stage.wdir),
      env: stageEnvironment(host.root, stage, { path: pathWithOcrpipe(host.stateFolder), slots: env }),
      mask: SecretMask.of(pipeline),
      signal: AbortSignal.any([host.signal, limit.signal, ...(signal ? [signal] : [])]),
      onStart: (group) => {
        marks.started(stage, group);
        limit.start();
      },
      onLine: ({ stream, line, live }) => {
        log.write(line, live);
        host.events({ type: 'stage-output', stage: stage.name, stream, line, ...(live && { live }) });
      },
    });
    if (!result.ok) throw new StageFailed(stage, result, log);
  } finally {
    limit.stop();
    observer.commandsEnded();
    log.close();
  }
}
