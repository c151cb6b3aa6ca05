import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { ExecutorSettings } from '../../config/settings.js';
import { executorSettings, isLocal, LOCAL, unknownExecutor } from '../definition/stage/executors.js';
import type { Stage } from '../definition/stage/stage.js';
import type { JobRemote, PipelineHost } from '../host.js';
import type { ExecutorContext } from './context.js';
import type { Executor, Job } from './executor.js';
import { Gathering } from './gathering.js';
import { FolderPlace } from './folder-place.js';
import { jobsFolder } from './job-folder.js';
import type { JobPlace } from './job-place.js';
import { JobWatch } from './job-watch.js';
import { LocalExecutor } from './local.js';
import { ExecutorOverPlace } from './over-place.js';
import type { RemotePlace } from './remote/remote-place.js';

/** A remote that jobs go over. */
export interface OpenedRemote {
  readonly remote: JobRemote;
  readonly place: RemotePlace;
}

/** An executor in use. */
export interface OpenedExecutor {
  readonly name: string;
  readonly executor: Executor;
  readonly watch: JobWatch;
  readonly settings: ExecutorSettings;
  readonly place: JobPlace;
  /** The same, where jobs go over a remote. */
  readonly remote?: OpenedRemote;
  /** Hands a job to the executor, together with others that are on their way where that makes one of them. */
  readonly submit: (job: Job, signal: AbortSignal) => Promise<void>;
  /** A stage may come to be submitted, until `work` is done. */
  readonly expect: <T>(stage: string, work: () => Promise<T>) => Promise<T>;
}

/** The executors of one repro, each made when the first stage needs it: a pipeline without a cluster never loads that code. */
export class StageExecutors {
  readonly #host: PipelineHost;
  readonly #opened = new Map<string, Promise<OpenedExecutor>>();

  constructor(host: PipelineHost) {
    this.#host = host;
  }

  /** Where a stage runs. */
  of({ executor }: Stage): Promise<OpenedExecutor> {
    return this.named(executor?.name ?? LOCAL);
  }

  /** Throws `unknown-executor`, or what its settings or its module are refused with. */
  named(name: string): Promise<OpenedExecutor> {
    const known = this.#opened.get(name) ?? this.#open(name);
    this.#opened.set(name, known);
    return known;
  }

  /** The stage may come to be submitted, until `work` is done: what it goes with is not submitted before. */
  async expect<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    if (isLocal(stage)) return work();
    return (await this.of(stage)).expect(stage.name, work);
  }

  async #open(name: string): Promise<OpenedExecutor> {
    const made = name === LOCAL ? localExecutor() : await make(name, this.#host);
    const { executor } = made;
    const opened = { name, ...made, watch: new JobWatch(executor) };
    if (!executor.capabilities.arrays) {
      const submit = (job: Job, signal: AbortSignal): Promise<void> => executor.submit([job], signal);
      return { ...opened, submit, expect: (_stage, work) => work() };
    }
    const gathering = new Gathering(executor, groupOf);
    return {
      ...opened,
      submit: (job, signal) => gathering.submit(job, signal),
      expect: (stage, work) => gathering.expect(stage, work),
    };
  }
}

/** What the stages of one matrix have in common: the name before the '@'. */
function groupOf(stage: string): string {
  return stage.split('@')[0]!;
}

type Made = Pick<OpenedExecutor, 'executor' | 'settings' | 'place' | 'remote'>;

function localExecutor(): Made {
  return { executor: new LocalExecutor(), settings: { type: 'module' }, place: new FolderPlace() };
}

async function make(name: string, host: PipelineHost): Promise<Made> {
  const { executors, root, stateFolder, events } = host;
  const settings = executorSettings(executors, name);
  if (settings === undefined) {
    const message = `there is no executor '${name}'`;
    throw userError('unknown-executor', message, { hint: unknownExecutor(executors, name) });
  }
  const remote = await openRemote(host, { name, settings, events });
  const place = remote?.place ?? new FolderPlace();
  const context: ExecutorContext = {
    ...{ name, settings, root, events, place },
    jobsFolder: jobsFolder(stateFolder),
    result: (job) => place.result(job),
    log: (job, offset) => place.log(job, offset),
  };
  const executor = new ExecutorOverPlace(await executorFor(context), place);
  return { executor, settings, place, ...(remote && { remote }) };
}

async function openRemote(
  host: PipelineHost,
  context: Pick<ExecutorContext, 'name' | 'settings' | 'events'>,
): Promise<OpenedRemote | undefined> {
  const { remote: name } = context.settings;
  if (name === undefined || host.jobRemote === undefined) return undefined;
  const { RemotePlace } = await import('./remote/remote-place.js');
  const remote = await host.jobRemote(name);
  return { remote, place: new RemotePlace(remote, context) };
}

async function executorFor(context: ExecutorContext): Promise<Executor> {
  if (context.settings.type === 'module') return fromModule(context);
  const { slurmExecutor } = await import('./slurm/slurm.js');
  return slurmExecutor(context);
}

/** An executor that a file of the workspace makes: its default export is called with an `ExecutorContext`. */
async function fromModule(context: ExecutorContext): Promise<Executor> {
  const { name, root, settings } = context;
  const file = settings.module;
  if (file === undefined) {
    throw userError('invalid-value', `the executor '${name}' has no module`, {
      hint: `Set it: 'ocrpipe config executors.${name}.module FILE'.`,
    });
  }
  try {
    const loaded = (await import(pathToFileURL(join(root, file)).href)) as { default?: unknown };
    if (typeof loaded.default !== 'function') throw new Error('it has no function as its default export');
    const made = loaded.default as (context: ExecutorContext) => Executor | Promise<Executor>;
    return await made(context);
  } catch (error) {
    if (error instanceof OcrpipeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw userError(
      'executor-module',
      `${file}, which makes the executor '${name}', cannot be used: ${reason}`,
      {
        hint: 'docs/executors.md says what it has to be.',
        cause: error,
      },
    );
  }
}
