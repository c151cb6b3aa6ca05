import { availableParallelism } from 'node:os';
import { FairSlots } from '../../base/fair-slots.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { AbsPath } from '../../base/paths.js';
import { resultKey } from '../records/earlier-runs.js';
import type { PipelineHost } from '../host.js';
import { loadPipeline, selectStages, targetStages, type LoadedPipeline } from '../staleness/load.js';
import { planOne, planStages, type LookOptions, type PlannedStage } from '../staleness/look.js';
import type { Step } from '../staleness/plan.js';
import { plannedFailures, refusals } from '../staleness/refusals.js';
import { unsettledInputs } from '../staleness/tracked-inputs.js';
import { problemsError, throwProblems, type Problem } from '../definition/problems.js';
import { closure } from '../definition/graph.js';
import { preflight } from './preflight.js';
import type { Reason } from '../staleness/reason.js';
import { poolsOf } from '../definition/resources.js';
import type { Stage } from '../definition/stage.js';
import { restoreStage, runStage, StageFailed } from './run-stage.js';
import { ROOT_VARIABLE, STAGE_VARIABLE } from '../stage-variables.js';
import { runSchedule, type Outcome } from './schedule.js';

export interface ReproRequest {
  /** Stage names or paths of outputs; none: all stages. */
  readonly targets: readonly string[];
  readonly cwd: AbsPath;
  readonly reach: 'upstream' | 'downstream' | 'pipeline';
  /** Run the named targets (all that are chosen, where none is named or a reach was asked for) whatever their state. */
  readonly force: boolean;
  readonly dryRun: boolean;
  /** How many stages run at once; undefined: as many as there are cores. */
  readonly jobs: number | undefined;
  readonly keepGoing: boolean;
  /** False: no result is restored from run records. */
  readonly runCache: boolean;
  /** False: outputs are neither stored nor recorded. */
  readonly commit: boolean;
}

export type StageAction = 'ran' | 'restored' | 'fresh' | 'frozen' | 'failed' | 'skipped';

/** How one stage fared; in a dry run, how it would fare. */
export interface StageReport {
  readonly name: string;
  readonly action: StageAction;
  readonly reasons: readonly Reason[];
  readonly seconds: number;
  /** Of a failed stage. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  /** The end of what a failed stage printed. */
  readonly lastLines?: readonly string[];
}

export interface ReproResult {
  readonly dryRun: boolean;
  /** In the order of the graph. */
  readonly stages: readonly StageReport[];
}

type Restoration = Extract<Step, { action: 'restore' }>;

/** How many stages are looked at, or restored, at once. */
const PREPARING = 8;

/**
 * Brings stages up to date. A failed stage is a report, not an exception: what succeeded stays recorded. Throws, with
 * nothing changed, for whatever the user must correct first; throws the signal's reason when aborted. One repro of a
 * workspace runs at a time, the next one waits.
 */
export async function repro(host: PipelineHost, request: ReproRequest): Promise<ReproResult> {
  if (request.dryRun) return dryRun(host, request);
  refuseNested(host);
  return host.exclusively('repro', () => new Repro(loadPipeline(host), request).run());
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

async function dryRun(host: PipelineHost, request: ReproRequest): Promise<ReproResult> {
  const loaded = loadPipeline(host);
  const chosen = selectStages(loaded, request);
  const options = lookOptions(loaded, request, chosen);
  const unsettled = await unsettledInputs(loaded, chosen);
  throwProblems(await refusals(loaded, { chosen, unsettled, forced: options.forced }));
  const planned = await planStages(loaded, chosen, { ...options, unsettled });
  for (const { stage, step } of planned) warnIfNotHere(loaded, stage, step);
  return { dryRun: true, stages: dryReports(loaded, planned, await plannedFailures(loaded, planned)) };
}

const WOULD = { run: 'ran', restore: 'restored', fresh: 'fresh', frozen: 'frozen' } as const;

function dryReports(
  { graph }: LoadedPipeline,
  planned: readonly PlannedStage[],
  failures: ReadonlyMap<string, Problem>,
): StageReport[] {
  const stopped = new Set(closure(graph, [...failures.keys()], 'downstream'));
  return planned.map(({ stage: { name }, step: { action, reasons } }) => {
    const problem = failures.get(name);
    const report = { name, action: WOULD[action], reasons, seconds: 0 };
    if (problem) return { ...report, action: 'failed', ...failure(problemsError([problem])) };
    return action === 'run' && stopped.has(name) ? { ...report, action: 'skipped' } : report;
  });
}

function lookOptions(
  loaded: LoadedPipeline,
  request: ReproRequest,
  chosen: readonly string[],
): LookOptions & { forced: ReadonlySet<string> } {
  const named = request.targets.length > 0 && request.reach === 'upstream';
  const forced = named
    ? request.targets.flatMap((target) => targetStages(loaded, target, request.cwd))
    : chosen;
  return { runCache: request.runCache, forced: new Set(request.force ? forced : []) };
}

class Repro {
  private readonly loaded: LoadedPipeline;
  private readonly request: ReproRequest;
  private readonly chosen: readonly string[];
  private readonly options: LookOptions & { forced: ReadonlySet<string> };
  private readonly reports = new Map<string, StageReport>();
  private readonly toRun = new Map<string, readonly Reason[]>();
  private readonly preparing = new FairSlots(PREPARING);

  constructor(loaded: LoadedPipeline, request: ReproRequest) {
    this.loaded = loaded;
    this.request = request;
    this.chosen = selectStages(loaded, request);
    this.options = lookOptions(loaded, request, this.chosen);
  }

  async run(): Promise<ReproResult> {
    const { host, graph, pipeline } = this.loaded;
    await preflight(this.loaded, this.chosen, this.options.forced);
    const outcomes = await runSchedule({
      stages: this.chosen,
      graph,
      needs: (name) => pipeline.stages.get(name)!.resources,
      pools: poolsOf(host),
      jobs: this.request.jobs ?? availableParallelism(),
      keepGoing: this.request.keepGoing,
      prepare: (name) => this.preparing.use(() => this.prepare(name), host.signal),
      run: (name) => this.execute(name),
      signal: host.signal,
    });
    host.signal.throwIfAborted();
    return { dryRun: false, stages: this.chosen.map((name) => this.report(name, outcomes)) };
  }

  private async prepare(name: string): Promise<'done' | 'failed' | 'run'> {
    const stage = this.loaded.pipeline.stages.get(name)!;
    const started = performance.now();
    const step = await this.plan(stage);
    const { action, reasons } = step;
    warnIfNotHere(this.loaded, stage, step);
    try {
      if (action === 'restore' && (await this.restoreAny(stage, step))) {
        this.end({ name, action: 'restored', reasons, seconds: secondsSince(started) });
        return 'done';
      }
    } catch (error) {
      return this.fail(error, { name, reasons, seconds: secondsSince(started) });
    }
    if (action === 'run' || action === 'restore') {
      this.toRun.set(name, reasons);
      return 'run';
    }
    this.reports.set(name, { name, action, reasons, seconds: 0 });
    return 'done';
  }

  /** The decision for a stage, by what stands there after the stages that have ended so far. */
  private async plan(stage: Stage, unusable?: ReadonlySet<string>): Promise<Step> {
    this.loaded.observer.forgetOutdated(stage.deps);
    return planOne(this.loaded, stage, { ...this.options, ...(unusable && { unusable }) });
  }

  /** Restores this result, or another one that a run with these inputs gave; false if none can be: the stage has to run. */
  private async restoreAny(stage: Stage, first: Restoration): Promise<boolean> {
    const unusable = new Set<string>();
    for (let step: Step = first; step.action === 'restore';) {
      if (await this.restore(stage, step)) return true;
      unusable.add(resultKey(step.result));
      step = await this.plan(stage, unusable);
    }
    return false;
  }

  /** False if the store cannot give the result back (a damaged object), or it is no longer the one that is wanted. */
  private async restore(stage: Stage, restoration: Restoration): Promise<boolean> {
    const { host } = this.loaded;
    try {
      return await restoreStage(this.loaded, stage, restoration);
    } catch (error) {
      if (host.signal.aborted || !(error instanceof OcrpipeError) || error.exitCode === 2) throw error;
      const message = `${stage.name}: an earlier result cannot be restored (${error.message})`;
      host.events({ type: 'note', level: 'warning', code: 'not-restored', message });
      return false;
    }
  }

  private async execute(name: string): Promise<'done' | 'failed'> {
    const stage = this.loaded.pipeline.stages.get(name)!;
    const reasons = this.toRun.get(name)!;
    const started = performance.now();
    try {
      const forced = this.options.forced.has(name);
      await runStage(this.loaded, stage, { reasons, forced, commit: this.request.commit });
      this.end({ name, action: 'ran', reasons, seconds: secondsSince(started) });
      return 'done';
    } catch (error) {
      return this.fail(error, { name, reasons, seconds: secondsSince(started) });
    }
  }

  /** What the others did is not to be lost with one that failed: that is told in its report. */
  private fail(error: unknown, report: Pick<StageReport, 'name' | 'reasons' | 'seconds'>): 'failed' {
    if (this.loaded.host.signal.aborted || !(error instanceof OcrpipeError)) throw error;
    this.end({ ...report, action: 'failed', ...failure(error) });
    return 'failed';
  }

  private end(report: StageReport): void {
    this.reports.set(report.name, report);
    const { name, action, seconds } = report;
    this.loaded.host.events({ type: 'stage-end', stage: name, action, seconds });
  }

  private report(name: string, outcomes: ReadonlyMap<string, Outcome>): StageReport {
    const known = this.reports.get(name);
    if (known) return known;
    const skipped: StageReport = { name, action: 'skipped', reasons: this.toRun.get(name) ?? [], seconds: 0 };
    return outcomes.get(name) === 'failed' ? { ...skipped, action: 'failed' } : skipped;
  }
}

/** A run that takes hours may be spared: what the lock names was made elsewhere, and may have been pushed. */
function warnIfNotHere({ host }: LoadedPipeline, stage: Stage, step: Step): void {
  if (step.action !== 'run' || step.notHere !== true || !host.canPull) return;
  const message = `${stage.name}: pipeline.lock has its result, which is not on this machine; 'ocrpipe pull' may bring it, instead of running the stage again`;
  host.events({ type: 'note', level: 'warning', code: 'result-not-here', message });
}

function failure(error: OcrpipeError): Pick<StageReport, 'error' | 'lastLines'> {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    },
    ...(error instanceof StageFailed && { lastLines: error.lastLines }),
  };
}

/** Wall seconds, to the millisecond. */
function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}
