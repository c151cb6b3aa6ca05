import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { Job } from '../executors/executor.js';
import { JobFolder } from '../executors/job-folder.js';
import type { JobEnd, JobFollower } from '../executors/job-watch.js';
import type { OpenedExecutor, OpenedRemote, StageExecutors } from '../executors/stage-executors.js';
import { endOtherJobs, foundJob, runAsJob } from './cluster-job.js';
import { pathWithOcrpipe } from './installation.js';
import type { LoadedPipeline } from '../staleness/load.js';
import { clearOutputs, restoreOutputs, secureOutputs } from './output-files.js';
import { requireFolder, requireInputs } from '../staleness/refusals.js';
import { throwProblems } from '../definition/problems/problems.js';
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
import { StageOutput } from './stage-output.js';
import { stageTimeout, TimeLimit } from './time-limit.js';
import { SecretMask } from './secret-mask.js';
import { stageEnvironment } from './stage-environment.js';
import { missingSecretProblems, refuseExposedSecrets } from '../staleness/secrets.js';
import { storeInputs } from './job-inputs.js';
import { fetchOutputs, jobNodeFailed, placeOutputs } from './remote-outputs.js';
import { refuseHalfWritten } from './written-outputs.js';
import type { Stage } from '../definition/stage/stage.js';
import { editedProblems } from '../staleness/tracked-inputs.js';

/** The commands of a stage failed, or what ran them did; `lastLines` is the end of what they printed. */
export class StageFailed extends OcrpipeError {
  readonly lastLines: readonly string[];

  constructor(
    code: 'stage-failed' | 'job-lost',
    { stage, message, log }: { stage: string; message: string; log: StageLog },
  ) {
    super(code, message, {
      hint: `All that it printed: 'ocrpipe logs ${stage}' (${log.path}). Its outputs were not recorded.`,
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
  readonly executors: StageExecutors;
}

/**
 * Runs one stage and records what it made. Throws `stage-failed`, `missing-dependency`, or what recording throws; nothing of
 * the stage is recorded then, and its mark says what it left, which the next run may delete.
 */
export async function runStage(loaded: LoadedPipeline, stage: Stage, options: RunOptions): Promise<void> {
  const { host, observer } = loaded;
  const { now, inputs, opened, found } = await readyToRun(loaded, stage, options);
  requireFolder(loaded, stage);
  throwProblems(missingSecretProblems(loaded.pipeline, [stage]));
  refuseExposedSecrets(loaded.pipeline, stage, inputs);
  host.events({ type: 'stage-start', stage: stage.name, reasons: options.reasons.map(reasonText) });
  if (!found) await secureOutputs(host, now, options);
  await underMark(loaded, stage, async () => {
    // What stands there may be what the job has made so far.
    if (!found) await clearOutputs(host, now, options);
    observer.changed(stage.outs.map((out) => out.path));
    const job = await runLogged(loaded, stage, { ...options, now, inputs, opened });
    return settling(host, job, () => recordRun(loaded, stage, { inputs, commit: options.commit }));
  });
}

/** Records what a run has made; without `commit` looks whether it is all there, and gives the signature of the inputs. */
async function recordRun(
  loaded: LoadedPipeline,
  stage: Stage,
  { inputs, commit }: { inputs: StageInputs; commit: boolean },
): Promise<ContentId | undefined> {
  const { observer } = loaded;
  if (commit) {
    await recordResult(recordingOf(loaded), stage, { inputs, madeByStage: true });
    return undefined;
  }
  observer.changed(stage.outs.map((out) => out.path));
  await requireOutputs(loaded, stage);
  await refuseChangedInputs(observer, stage, inputs);
  return signatureOf(inputs);
}

/** Nobody takes over a job whose result was judged; one that was interrupted in this is judged by the next repro. */
async function settling<T>(
  { signal }: LoadedPipeline['host'],
  { settle }: Pick<Ended, 'settle'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const done = await work();
    await settle?.();
    return done;
  } catch (error) {
    if (!signal.aborted) await settle?.();
    throw error;
  }
}

interface Ready {
  readonly now: StageNow;
  readonly inputs: StageInputs;
  readonly opened: OpenedExecutor;
  /** A repro that died has started the very job: it is waited for. */
  readonly found: boolean;
}

/** The stage as it stands now, with no job of other inputs left that writes into its outputs. */
async function readyToRun(
  loaded: LoadedPipeline,
  stage: Stage,
  { forced, executors }: RunOptions,
): Promise<Ready> {
  const opened = await executors.of(stage);
  for (;;) {
    const now = await lookAgain(loaded, stage, forced);
    const inputs = requireInputs(now);
    const keep = foundJob(loaded.host, { stage, inputs, opened });
    if (await endOtherJobs(loaded.host, stage, { executors, keep })) continue;
    return { now, inputs, opened, found: keep !== undefined };
  }
}

/**
 * Puts the result of an earlier run in place and records it as the stage's last. False, and nothing is done, if the inputs are
 * no longer those that the result was chosen for.
 */
export async function restoreStage(
  loaded: LoadedPipeline,
  stage: Stage,
  {
    result,
    inputs,
    executors,
  }: { result: readonly LockedPath[]; inputs: StageInputs; executors: StageExecutors },
): Promise<boolean> {
  const { host } = loaded;
  await endOtherJobs(host, stage, { executors });
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
  await marks.begin(stage);
  try {
    const finished = await work();
    if (finished === undefined) marks.clear(stage.name);
    else marks.end(stage.name, await leftAt(loaded, stage), finished);
  } catch (error) {
    // A job that goes on, whatever happens here, writes what nobody can know yet: the mark stays as it is.
    const goesOn = JobFolder.unsettled(loaded.host.stateFolder, stage.name).length > 0;
    if (!goesOn) marks.end(stage.name, isSomebodysEdit(error) ? [] : await leftAt(loaded, stage));
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
  loaded: LoadedPipeline,
  stage: Stage,
  run: Omit<Ready, 'found'> & Pick<RunOptions, 'env' | 'signal'>,
): Promise<Ended> {
  const { host, observer } = loaded;
  const log = new StageLog(host.stateFolder, stage.name);
  const limit = new TimeLimit(stage);
  const mask = SecretMask.of(loaded.pipeline);
  const output = new StageOutput(stage.name, { log, events: host.events, mask });
  const signal = AbortSignal.any([host.signal, limit.signal, ...(run.signal ? [run.signal] : [])]);
  const follower: JobFollower = {
    onOutput: (part) => {
      output.take(part);
    },
    onRunning: () => {
      limit.start();
    },
    signal,
  };
  try {
    const path = pathWithOcrpipe(host.stateFolder);
    const env = stageEnvironment(host.root, stage, { path, slots: run.env });
    const survives = run.opened.executor.capabilities.survives;
    const start = survives ? followJob : followChild;
    const job = await start(loaded, stage, { ...run, env, follower });
    output.end();
    signal.throwIfAborted();
    try {
      refuseFailure(job.end, stage, log);
      await job.accept?.();
    } catch (error) {
      if (!signal.aborted) await job.settle?.();
      throw error;
    }
    return job;
  } finally {
    limit.stop();
    observer.commandsEnded();
    log.close();
  }
}

/** What is needed to start the commands and to wait for them. */
interface Start extends Omit<Ready, 'found'> {
  readonly env: Job['env'];
  readonly follower: JobFollower;
}

/** How the commands ended. */
interface Ended {
  readonly end: JobEnd;
  /** Sees to it that what stands at the outputs is what they made. */
  readonly accept?: () => Promise<void>;
  readonly settle?: () => Promise<void>;
}

async function followJob(
  loaded: LoadedPipeline,
  stage: Stage,
  { now, inputs, opened, env, follower }: Start,
): Promise<Ended> {
  const { host } = loaded;
  const ended = await runAsJob(host, {
    ...{ stage, inputs, opened, env, follower },
    clear: () => clearForAnother(loaded, stage, now),
    read: () => storeInputs(host, { stage, inputs, now }),
  });
  const accept = async (): Promise<void> => {
    if (opened.remote === undefined) await refuseHalfWritten(host, stage, ended.folder);
    else await takeOutputs(loaded, stage, { ...ended, remote: opened.remote });
  };
  return { ...ended, accept };
}

/** Puts in place what a job has made elsewhere, verified as it arrives. */
async function takeOutputs(
  loaded: LoadedPipeline,
  stage: Stage,
  { remote, job }: { remote: OpenedRemote; job: Job },
): Promise<void> {
  const { host } = loaded;
  const outs = await fetchOutputs(stage, remote, job);
  const now = await lookAgain(loaded, stage, false);
  await secureOutputs(host, now, { forced: false });
  await clearOutputs(host, now, { forced: false });
  await placeOutputs(host, stage, outs);
}

async function followChild(
  { host, marks }: LoadedPipeline,
  stage: Stage,
  { opened, env, follower }: Start,
): Promise<Ended> {
  const job = localJob({ host, marks }, stage, env);
  follower.signal.throwIfAborted();
  await opened.submit(job, follower.signal);
  return { end: await opened.watch.follow(job, follower) };
}

/** Removes what an attempt has made that was lost, and puts back what it started from: another one gets the same inputs. */
async function clearForAnother(loaded: LoadedPipeline, stage: Stage, before: StageNow): Promise<void> {
  const { host } = loaded;
  const now = await lookAgain(loaded, stage, false);
  await clearOutputs(host, now, { forced: false });
  for (const { output, there } of before.outs) {
    if (!output.persist || there === undefined) continue;
    await host.files.checkout(output.path, there, { force: true, events: host.events, signal: host.signal });
    await host.files.unlink(output.path, host);
  }
}

/** A job of this machine: its mark is what finds it again. */
function localJob(
  { host, marks }: Pick<LoadedPipeline, 'host' | 'marks'>,
  stage: Stage,
  env: Job['env'],
): Job {
  return {
    id: stage.name,
    stage,
    attempt: 1,
    root: host.root,
    folder: host.stateFolder,
    env,
    handle: () => undefined,
    keepHandle: (handle) => {
      marks.started(stage, (handle as { group: number }).group);
    },
  };
}

function refuseFailure(end: JobEnd, stage: Stage, log: StageLog): void {
  const { name } = stage;
  if (end.state === 'broken') throw end.error;
  if (end.state === 'lost') {
    throw new StageFailed('job-lost', { stage: name, message: `the job of stage '${name}' ${end.why}`, log });
  }
  if (end.result.ok) return;
  if ('timedOut' in end.result) throw stageTimeout(stage);
  if ('problem' in end.result) throw jobNodeFailed(name, end.result.problem);
  const { signal, code, command } = end.result;
  const how = signal ?? `exit code ${String(code)}`;
  const message = `stage '${name}' failed (${how}): ${command}`;
  throw new StageFailed('stage-failed', { stage: name, message, log });
}
