import { randomBytes } from 'node:crypto';
import type { JsonValue } from '../../base/canonical-json.js';
import { OcrpipeError } from '../../base/errors.js';
import type { Stage } from '../definition/stage/stage.js';
import type { Job } from '../executors/executor.js';
import { FolderPlace } from '../executors/folder-place.js';
import { JobFolder, workspaceKey, type JobFiles } from '../executors/job-folder.js';
import type { JobEnd, JobFollower } from '../executors/job-watch.js';
import type { JobInput } from '../executors/remote/description.js';
import { remoteScript } from '../executors/remote/start-script.js';
import { runScript } from '../executors/run-script.js';
import type { OpenedExecutor, StageExecutors } from '../executors/stage-executors.js';
import type { PipelineHost } from '../host.js';
import { signatureInput, signatureOf, type StageInputs } from '../records/signature.js';
import { JOBS_PREFIX } from '../../remote/jobs/remote-job.js';
import { ocrpipeFolder } from './installation.js';

/** A run of a stage by an executor whose jobs outlive this process. */
export interface ClusterRun {
  readonly stage: Stage;
  readonly inputs: StageInputs;
  readonly opened: OpenedExecutor;
  readonly env: Job['env'];
  readonly follower: JobFollower;
  /** Makes room for another attempt after one that was lost. */
  readonly clear: () => Promise<void>;
  /** Stores what it reads, for a job that goes over a remote. */
  readonly read: () => Promise<readonly JobInput[]>;
}

/** The job of these inputs that a repro which died was waiting for. */
export function foundJob(
  host: PipelineHost,
  { stage, inputs, opened }: Pick<ClusterRun, 'stage' | 'inputs' | 'opened'>,
): JobFolder | undefined {
  const folder = JobFolder.of(host.stateFolder, stage.name, signatureOf(inputs));
  const state = folder.state();
  const isThis = state?.executor === opened.name && state.place === opened.place.where;
  // What was never submitted left nothing on a remote that is sure to be there.
  const isThere = opened.remote === undefined || state?.handle !== undefined;
  return folder.isOpen() && isThis && isThere ? folder : undefined;
}

/** A job that ended. */
export interface EndedJob {
  readonly end: JobEnd;
  readonly job: Job;
  /** Of the attempt. */
  readonly folder: string;
  /** Call once what it made is recorded or refused: until then a repro that comes next takes the result over. */
  readonly settle: () => Promise<void>;
}

/**
 * Runs the commands of a stage as a job that survives this process, or takes over one that did. A job that is lost for no fault
 * of its own is tried again, from the same inputs. Where this is aborted the job is cancelled.
 */
export async function runAsJob(host: PipelineHost, run: ClusterRun): Promise<EndedJob> {
  const { stage, inputs, opened } = run;
  const { signal } = run.follower;
  const folder = JobFolder.of(host.stateFolder, stage.name, signatureOf(inputs));
  const known = foundJob(host, run);
  const files = known === undefined ? await describe(host, run, folder) : undefined;
  let attempt = files ? folder.begin(files) : folder.state()!.attempt;
  for (let left = opened.executor.capabilities.retries; ; left -= 1) {
    const job = jobIn(host, folder, { stage, attempt, env: run.env });
    await opened.submit(job, signal);
    const end = await opened.watch.follow(job, run.follower);
    if (signal.aborted || end.state !== 'lost' || !end.again || left === 0) {
      const settle = (): Promise<void> => settled(folder, job, opened);
      if (signal.aborted || end.state !== 'ended') await settle();
      return { end, job, folder: folder.attempt(attempt), settle };
    }
    const message = `${stage.name}: its job ${end.why}; it is submitted again`;
    host.events({ type: 'note', level: 'warning', code: 'job-again', message });
    await opened.place.revoke(job);
    await run.clear();
    attempt = folder.begin(await describe(host, run, folder));
  }
}

async function settled(folder: JobFolder, job: Job, { place }: OpenedExecutor): Promise<void> {
  folder.settle();
  await place.forget(job);
}

/**
 * Ends jobs of a stage that nobody wants any more: those of a repro that died, for other inputs than `keep`. True if there was
 * one: what stands at the outputs may be its.
 */
export async function endOtherJobs(
  host: PipelineHost,
  stage: Stage,
  { executors, keep }: { executors: StageExecutors; keep?: JobFolder | undefined },
): Promise<boolean> {
  const others = JobFolder.unsettled(host.stateFolder, stage.name).filter(({ id }) => id !== keep?.id);
  for (const folder of others) {
    const { executor: name, place, attempt } = folder.state()!;
    const opened = await executors.named(name).catch(gone);
    const job = jobIn(host, folder, { stage, attempt, env: process.env });
    if (opened && job.handle() !== undefined)
      await endJob(job, { opened, isPlace: place === opened.place.where });
    folder.settle();
    const message = `${stage.name}: ended what an earlier repro had left running`;
    host.events({ type: 'note', level: 'warning', code: 'orphan-ended', message });
  }
  return others.length > 0;
}

/** Waits for its end, unless its executor has been given another place since, where nothing is seen of it. */
async function endJob(
  job: Job,
  { opened, isPlace }: { opened: OpenedExecutor; isPlace: boolean },
): Promise<void> {
  await opened.executor.cancel([job]);
  if (isPlace) {
    await opened.watch.follow(job, { onOutput: () => undefined, signal: new AbortController().signal });
    await opened.place.forget(job);
  } else await new FolderPlace().revoke(job);
}

/** An executor that the configuration has lost can be asked nothing. */
function gone(error: unknown): undefined {
  if (!(error instanceof OcrpipeError) || error.exitCode !== 2) throw error;
  return undefined;
}

function jobIn(
  host: PipelineHost,
  folder: JobFolder,
  { stage, attempt, env }: Pick<Job, 'stage' | 'attempt' | 'env'>,
): Job {
  return {
    ...{ id: folder.id, stage, attempt, env },
    root: host.root,
    folder: folder.path,
    handle: () => folder.state()?.handle,
    keepHandle: (handle) => {
      folder.keepHandle(handle);
    },
  };
}

/** What the folder of the next attempt holds. */
async function describe(host: PipelineHost, run: ClusterRun, folder: JobFolder): Promise<JobFiles> {
  const { stage, opened } = run;
  const description = describeStage(run);
  const bin = ocrpipeFolder(host.stateFolder);
  const head = { executor: opened.name, place: opened.place.where };
  if (opened.remote === undefined) {
    const { secrets } = description;
    const variables = variablesOf(stage);
    const script = runScript({ ...{ id: folder.id, stage, secrets, variables, bin } });
    return { ...head, description: description as unknown as JsonValue, script };
  }
  const more = await overRemote(host, run, folder);
  const { settings } = opened;
  return {
    ...head,
    description: { ...description, ...more } as unknown as JsonValue,
    script: remoteScript(folder.id, more, { settings, bin }),
  };
}

function describeStage({ stage, inputs, opened }: ClusterRun) {
  return {
    version: 1,
    stage: stage.name,
    executor: opened.name,
    signature: signatureOf(inputs),
    // What decides what the stage makes: commands, inputs by content id, values of parameters.
    input: signatureInput(inputs),
    outs: stage.outs.map(({ path, cache, persist }) => ({ path, cache, persist })),
    resources: stage.resources,
    environment: variablesOf(stage),
    // Only their names: whoever runs the job has the values.
    secrets: stage.secrets.map(({ name }) => name),
  };
}

/** What a machine has to know besides that has nothing but the remote. */
async function overRemote(host: PipelineHost, run: ClusterRun, folder: JobFolder) {
  const { remote, settings, project } = run.opened.remote!.remote;
  const { timeoutSeconds } = run.stage;
  const attempt = folder.nextAttempt;
  return {
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    inputs: await run.read(),
    remote: settings,
    // Of this attempt alone: what another one writes never mixes with it.
    key: `${JOBS_PREFIX}${workspaceKey(host.stateFolder)}/${signatureOf(run.inputs).slice(0, 12)}-${attempt}-${randomBytes(6).toString('hex')}`,
    project,
    created: (await remote.now({ signal: host.signal })).toISOString(),
    verify: attempt > 1,
  };
}

/** Declared variables with the values that count. */
function variablesOf({ env }: Stage): Record<string, string> {
  const values = env.map(({ name, value }): [string, string | undefined] => [
    name,
    value ?? process.env[name],
  ]);
  return Object.fromEntries(values.filter((each): each is [string, string] => each[1] !== undefined));
}
