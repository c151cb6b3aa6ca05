import type { JsonValue } from '../../base/canonical-json.js';
import { OcrpipeError } from '../../base/errors.js';
import type { Stage } from '../definition/stage/stage.js';
import type { Job } from '../executors/executor.js';
import { JobFolder } from '../executors/job-folder.js';
import type { JobEnd, JobFollower } from '../executors/job-watch.js';
import { runScript } from '../executors/run-script.js';
import type { OpenedExecutor, StageExecutors } from '../executors/stage-executors.js';
import type { PipelineHost } from '../host.js';
import { signatureInput, signatureOf, type StageInputs } from '../records/signature.js';
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
}

/** The job of these inputs that a repro which died was waiting for. */
export function foundJob(
  host: PipelineHost,
  { stage, inputs, opened }: Pick<ClusterRun, 'stage' | 'inputs' | 'opened'>,
): JobFolder | undefined {
  const folder = JobFolder.of(host.stateFolder, stage.name, signatureOf(inputs));
  return folder.isOpen() && folder.state()?.executor === opened.name ? folder : undefined;
}

/** A job that ended. */
export interface EndedJob {
  readonly end: JobEnd;
  /** Of the attempt. */
  readonly folder: string;
  /** Call once what it made is recorded or refused: until then a repro that comes next takes the result over. */
  readonly settle: () => void;
}

/**
 * Runs the commands of a stage as a job that survives this process, or takes over one that did. A job that is lost for no fault
 * of its own is tried again, from the same inputs. Where this is aborted the job is cancelled.
 */
export async function runAsJob(host: PipelineHost, run: ClusterRun): Promise<EndedJob> {
  const { stage, inputs, opened } = run;
  const { signal } = run.follower;
  const folder = JobFolder.of(host.stateFolder, stage.name, signatureOf(inputs));
  const begin = (): number => folder.begin(opened.name, filesOf(host, run, folder.id));
  let attempt = foundJob(host, run) === undefined ? begin() : folder.state()!.attempt;
  for (let left = opened.executor.capabilities.retries; ; left -= 1) {
    const job = jobIn(host, folder, { stage, attempt, env: run.env });
    await opened.submit(job, signal);
    const end = await opened.watch.follow(job, run.follower);
    if (signal.aborted || end.state !== 'lost' || !end.again || left === 0) {
      const settle = (): void => {
        folder.settle();
      };
      if (signal.aborted || end.state !== 'ended') settle();
      return { end, folder: folder.attempt(attempt), settle };
    }
    const message = `${stage.name}: its job ${end.why}; it is submitted again`;
    host.events({ type: 'note', level: 'warning', code: 'job-again', message });
    folder.revoke(attempt);
    await run.clear();
    attempt = begin();
  }
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
    const { executor: name, attempt } = folder.state()!;
    const opened = await executors.named(name).catch(gone);
    const job = jobIn(host, folder, { stage, attempt, env: process.env });
    if (opened && job.handle() !== undefined) {
      await opened.executor.cancel([job]);
      await opened.watch.follow(job, { onOutput: () => undefined, signal: new AbortController().signal });
    }
    folder.settle();
    const message = `${stage.name}: ended what an earlier repro had left running`;
    host.events({ type: 'note', level: 'warning', code: 'orphan-ended', message });
  }
  return others.length > 0;
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

function filesOf(
  host: PipelineHost,
  { stage, inputs, opened }: ClusterRun,
  id: string,
): { description: JsonValue; script: string } {
  const secrets = stage.secrets.map(({ name }) => name);
  const outs = stage.outs.map(({ path, cache, persist }) => ({ path, cache, persist }));
  return {
    description: {
      version: 1,
      stage: stage.name,
      executor: opened.name,
      signature: signatureOf(inputs),
      // What decides what the stage makes: commands, inputs by content id, values of parameters.
      input: signatureInput(inputs),
      outs,
      resources: stage.resources,
      environment: variablesOf(stage),
      // Only their names: whoever runs the job has the values.
      secrets,
    },
    script: runScript({
      ...{ id, stage, secrets },
      variables: variablesOf(stage),
      bin: ocrpipeFolder(host.stateFolder),
    }),
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
