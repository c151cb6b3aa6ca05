import { availableParallelism } from 'node:os';
import { FairSlots } from '../../base/fair-slots.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { resultKey } from '../records/earlier-runs.js';
import type { PipelineHost } from '../host.js';
import { loadPipeline, selectStages, type LoadedPipeline } from '../staleness/load.js';
import { planOne, type LookOptions } from '../staleness/look.js';
import type { Step } from '../staleness/plan.js';
import { bringInputs, bringJudged, bringResult, lookAhead } from './absent-inputs.js';
import { Comparisons, runAgain } from './determinism.js';
import { dryRun } from './dry-run.js';
import { lookOptions, targetsOf, warnIfNotHere } from './look-options.js';
import { preflight, type Hindrance } from './preflight.js';
import { failure, type ReproRequest, type ReproResult, type StageReport } from './repro-report.js';
import type { Reason } from '../staleness/reason.js';
import { GPUS_VARIABLE, visibleGpus } from '../definition/stage/gpus.js';
import { poolsOf } from '../definition/stage/resources.js';
import { delayAfter } from '../definition/stage/retry.js';
import { isLocal } from '../definition/stage/executors.js';
import type { Resources, Stage } from '../definition/stage/stage.js';
import { pruneJobs } from '../executors/prune-jobs.js';
import { StageExecutors } from '../executors/stage-executors.js';
import { restoreStage, runStage } from './run-stage.js';
import { ROOT_VARIABLE, STAGE_VARIABLE } from '../stage-variables.js';
import { pruneForgotten } from './log-files.js';
import type { Outcome } from './schedule-state.js';
import { runSchedule, type RunEnd } from './schedule.js';
import { SharedSlots } from './shared-slots.js';
import { StageTimes } from './stage-times.js';

type Restoration = Extract<Step, { action: 'restore' }>;

/** How many stages are looked at, or restored, at once. */
const PREPARING = 8;

/**
 * Brings stages up to date. A failed stage is a report, not an exception: what succeeded stays recorded. Throws, with
 * nothing changed, for whatever the user must correct first; throws the signal's reason when aborted. Several repros of a workspace
 * run side by side: each stage is one's alone while it runs, and who comes later waits for it and then finds it done.
 */
export async function repro(host: PipelineHost, request: ReproRequest): Promise<ReproResult> {
  if (request.dryRun) return dryRun(host, request);
  refuseNested(host);
  for (;;) {
    const begun = await host.exclusively('repro', () => begin(host, request));
    if (begun instanceof Repro) return begun.run();
    if (begun !== 'changed-meanwhile') await host.withStage(begun.stage, () => Promise.resolve());
  }
}

async function begin(host: PipelineHost, request: ReproRequest): Promise<Repro | Hindrance> {
  const repro = new Repro(loadPipeline(host, request), request);
  return (await repro.begin()) ?? repro;
}

/** A stage that runs repro in its own workspace would wait for itself. */
function refuseNested(host: PipelineHost): void {
  const stage = process.env[STAGE_VARIABLE];
  if (stage === undefined || process.env[ROOT_VARIABLE] !== host.root) return;
  throw userError(
    'nested-repro',
    `stage '${stage}' runs 'ocrpipe repro' in the workspace that it belongs to`,
    {
      hint: 'Make what it wants to run a stage, and depend on its outputs.',
    },
  );
}

class Repro {
  /** `lock` is replaced when another repro has recorded something. */
  private loaded: LoadedPipeline;
  private readonly request: ReproRequest;
  private readonly chosen: readonly string[];
  private readonly options: LookOptions & { forced: ReadonlySet<string> };
  private readonly reports = new Map<string, StageReport>();
  private readonly toRun = new Map<string, readonly Reason[]>();
  /** Stages that are up to date and are run only to be compared. */
  private readonly upToDate = new Map<string, StageReport>();
  private readonly comparisons: Comparisons;
  private readonly preparing = new FairSlots(PREPARING);
  private readonly pools: Resources;
  private readonly slots: SharedSlots;
  private readonly times: StageTimes;
  /** How often each stage was run. */
  private readonly attempts = new Map<string, number>();
  /** Ends what runs. */
  private readonly stop = new AbortController();
  private readonly executors: StageExecutors;

  constructor(loaded: LoadedPipeline, request: ReproRequest) {
    this.loaded = loaded;
    this.request = request;
    this.chosen = selectStages(loaded, request);
    this.options = { ...lookOptions(loaded, request, this.chosen), fetch: true };
    const compared = request.checkDeterminism === true ? targetsOf(loaded, request, this.chosen) : [];
    this.comparisons = new Comparisons(loaded.host, new Set(compared));
    this.pools = poolsOf(loaded.host);
    this.slots = new SharedSlots(loaded.host, { pools: this.pools, gpus: visibleGpus() });
    this.executors = new StageExecutors(loaded.host);
    this.times = new StageTimes(loaded.host.root);
  }

  /** What keeps the first stage from being looked at, see `preflight`. */
  begin(): Promise<Hindrance | undefined> {
    return preflight(this.loaded, this.chosen, this.options.forced);
  }

  async run(): Promise<ReproResult> {
    const { host, graph, pipeline } = this.loaded;
    await lookAhead(this.loaded, this.chosen, this.options);
    const jobs = this.request.jobs ?? availableParallelism();
    const known = new Set(this.chosen);
    const stages = this.chosen.map((stage) => {
      return { stage, after: (graph.upstream.get(stage) ?? []).filter((each) => known.has(each)) };
    });
    host.events({ type: 'schedule', stages, jobs });
    try {
      const schedule = (): Promise<ReadonlyMap<string, Outcome>> =>
        runSchedule({
          stages: this.chosen,
          graph,
          needs: (name) => this.needs(name),
          pools: this.pools,
          jobs,
          seconds: (name) => this.times.expected(name),
          keepGoing: this.request.keepGoing,
          prepare: (name) =>
            this.coming(name, () => this.preparing.use(() => this.prepare(name), host.signal)),
          run: (name) => this.coming(name, () => this.attempt(name)),
          onWaiting: (stage, pools) => {
            host.events({ type: 'stage-waiting', stage, pools });
          },
          signal: host.signal,
        });
      const outcomes = await host.files.savingSeldom(schedule);
      host.signal.throwIfAborted();
      return { dryRun: false, stages: this.chosen.map((name) => this.settled(name, outcomes)) };
    } finally {
      const stages = new Set(pipeline.stages.keys());
      this.times.save(stages);
      pruneForgotten(host.stateFolder, stages, Date.now());
      pruneJobs(host.stateFolder, stages, Date.now());
    }
  }

  /** What runs elsewhere takes nothing of this machine. */
  private needs(name: string): Resources | undefined {
    const stage = this.stage(name);
    return isLocal(stage) ? stage.resources : undefined;
  }

  /** What may end in a job of a cluster is told to it, so that the members of a matrix are submitted together. */
  private coming<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.executors.expect(this.stage(name), work);
  }

  private stage(name: string): Stage {
    return this.loaded.pipeline.stages.get(name)!;
  }

  /** What is to be done with a stage, by what stands there after those that have ended so far. Restores; leaves running to `attempt`. */
  private async prepare(name: string): Promise<'done' | 'failed' | 'run'> {
    const { host } = this.loaded;
    const stage = this.stage(name);
    const started = performance.now();
    if (!stage.frozen && host.isStageTaken(name)) await host.withStage(name, () => Promise.resolve());
    try {
      await bringJudged(this.loaded, stage);
    } catch (error) {
      return this.fail(error, { name, reasons: [], seconds: secondsSince(started) });
    }
    const step = await this.plan(stage);
    const { action, reasons } = step;
    warnIfNotHere(this.loaded, stage, step);
    try {
      if (action === 'restore' && (await host.withStage(name, () => this.restoreAny(stage)))) {
        return this.upToDateNow(stage, { name, action: 'restored', reasons, seconds: secondsSince(started) });
      }
    } catch (error) {
      return this.fail(error, { name, reasons, seconds: secondsSince(started) });
    }
    if (action === 'run' || action === 'restore') {
      this.toRun.set(name, reasons);
      return 'run';
    }
    return this.upToDateNow(stage, { name, action, reasons, seconds: 0 });
  }

  private upToDateNow(stage: Stage, report: StageReport): 'done' | 'run' {
    if (report.action === 'frozen' || !this.comparisons.wants(stage)) return this.end(report);
    this.upToDate.set(report.name, report);
    this.toRun.set(report.name, report.reasons);
    return 'run';
  }

  /** The decision for a stage, by what stands there after the stages that have ended so far. */
  private async plan(stage: Stage, unusable?: ReadonlySet<string>): Promise<Step> {
    const { observer, locks } = this.loaded;
    if (locks.isOutdated()) {
      this.loaded = { ...this.loaded, lock: locks.read() };
      observer.commandsEnded();
      observer.changed(stage.outs.map(({ path }) => path));
    }
    observer.forgetOutdated(stage.deps);
    return planOne(this.loaded, stage, { ...this.options, ...(unusable && { unusable }) });
  }

  /** Restores the result of an earlier run with these inputs, any that can be; false if none can: the stage has to run. */
  private async restoreAny(stage: Stage): Promise<boolean> {
    const unusable = new Set<string>();
    const again = new Set<string>();
    for (;;) {
      const step = await this.plan(stage, unusable);
      if (step.action !== 'restore') return step.action === 'fresh';
      if (await this.restore(stage, step)) return true;
      const result = resultKey(step.result);
      // What was found damaged counts as absent from now on: a remote may have it.
      if (again.has(result) || !(await bringResult(this.loaded.host, step.result))) unusable.add(result);
      again.add(result);
    }
  }

  /** False if the store cannot give the result back (a damaged object), or it is no longer the one that is wanted. */
  private async restore(stage: Stage, restoration: Restoration): Promise<boolean> {
    const { host } = this.loaded;
    try {
      return await restoreStage(this.loaded, stage, { ...restoration, executors: this.executors });
    } catch (error) {
      if (host.signal.aborted || !(error instanceof OcrpipeError) || error.exitCode === 2) throw error;
      const message = `${stage.name}: an earlier result cannot be restored (${error.message})`;
      host.events({ type: 'note', level: 'warning', code: 'not-restored', message });
      return false;
    }
  }

  /** One run of a stage, while no other repro has it. */
  private async attempt(name: string): Promise<RunEnd> {
    const started = performance.now();
    try {
      return await this.loaded.host.withStage(name, () => this.execute(name));
    } catch (error) {
      const report = { name, reasons: this.toRun.get(name)!, seconds: secondsSince(started) };
      return this.again(error, report) ?? this.fail(error, report);
    }
  }

  private async execute(name: string): Promise<RunEnd> {
    const stage = this.stage(name);
    const reasons = this.toRun.get(name)!;
    const known = this.upToDate.get(name);
    // Another repro may have done it since it was looked at.
    if (!known && this.loaded.locks.isOutdated() && (await this.plan(stage)).action === 'fresh') {
      return this.end({ name, action: 'fresh', reasons: [], seconds: 0 });
    }
    const held = await this.slots.take(name, this.needs(name) ?? {});
    try {
      const { commit } = this.request;
      const forced = this.options.forced.has(name);
      this.attempts.set(name, (this.attempts.get(name) ?? 0) + 1);
      const env = held.gpus.length > 0 ? { [GPUS_VARIABLE]: held.gpus.join(',') } : {};
      const how = { env, executors: this.executors, signal: this.stop.signal };
      await bringInputs(this.loaded, stage);
      const begun = performance.now();
      if (!known) {
        await runStage(this.loaded, stage, { reasons, forced, commit, ...how });
        this.times.learn(name, secondsSince(begun));
      }
      const wanted = known !== undefined || this.comparisons.wants(stage);
      const compared = wanted ? await runAgain(this.loaded, stage, how) : {};
      const { action = 'ran' } = known ?? {};
      return this.end({ name, action, reasons, seconds: secondsSince(begun), ...compared });
    } finally {
      held.release();
    }
  }

  /** When to run a stage that failed once more; undefined if it is not to be. */
  private again(error: unknown, report: Omit<StageReport, 'action'>): RunEnd | undefined {
    const { name } = report;
    if (this.stop.signal.aborted || !isRepeatable(error)) return undefined;
    const attempt = this.attempts.get(name) ?? 1;
    const seconds = delayAfter(attempt, this.stage(name).retry);
    if (seconds === undefined) return undefined;
    // What stands if nothing more is started before its time has come.
    this.reports.set(name, { ...report, action: 'failed', ...failure(error) });
    const { message, code } = error;
    this.loaded.host.events({ type: 'stage-retry', stage: name, attempt, seconds, error: { code, message } });
    return { again: seconds };
  }

  /** What the others did is not to be lost with one that failed: that is told in its report. */
  private fail(error: unknown, report: Omit<StageReport, 'action'>): 'failed' {
    if (this.loaded.host.signal.aborted || !(error instanceof OcrpipeError)) throw error;
    this.end({ ...report, action: 'failed', ...failure(error) });
    if (this.request.failFast) this.stop.abort(stoppedBecauseOf(report.name));
    return 'failed';
  }

  private end(report: StageReport): 'done' {
    this.reports.set(report.name, report);
    const { name, action, seconds } = report;
    this.loaded.host.events({ type: 'stage-end', stage: name, action, seconds });
    return 'done';
  }

  /** How a stage fared, once nothing more is done. */
  private settled(name: string, outcomes: ReadonlyMap<string, Outcome>): StageReport {
    const known = this.reports.get(name);
    if (known && outcomes.get(name) !== 'skipped') return known;
    const action = outcomes.get(name) === 'failed' ? 'failed' : 'skipped';
    const report = known ?? { name, action, reasons: this.toRun.get(name) ?? [], seconds: 0 };
    this.end(report);
    return report;
  }
}

/** A failure of the commands themselves, or of where they ran: they may succeed the next time. */
function isRepeatable(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && ['stage-failed', 'stage-timeout', 'job-lost'].includes(error.code);
}

function stoppedBecauseOf(stage: string): OcrpipeError {
  return new OcrpipeError('stage-stopped', `it was ended because stage '${stage}' failed`, {
    hint: "Without '--fail-fast', what runs is waited for.",
  });
}

/** Wall seconds, to the millisecond. */
function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}
