import { closure } from '../definition/graph/graph.js';
import { problemsError, throwProblems, type Problem } from '../definition/problems/problems.js';
import type { PipelineHost } from '../host.js';
import { loadPipeline, selectStages, type LoadedPipeline } from '../staleness/load.js';
import { planStages, type PlannedStage } from '../staleness/look.js';
import { plannedFailures, refusals } from '../staleness/refusals.js';
import { unsettledInputs } from '../staleness/tracked-inputs.js';
import { explainerOf } from '../staleness/why.js';
import { absentProblems, notToBring, toSettle } from './absent-inputs.js';
import { lookOptions, warnIfNotHere } from './look-options.js';
import { failure, type ReproRequest, type ReproResult, type StageReport } from './repro-report.js';

/** What a repro would do, and why, down to files. Changes nothing; throws what it would refuse. */
export async function dryRun(host: PipelineHost, request: ReproRequest): Promise<ReproResult> {
  const loaded = loadPipeline(host, request);
  const chosen = selectStages(loaded, request);
  const options = lookOptions(loaded, request, chosen);
  const unsettled = await unsettledInputs(loaded, chosen);
  const settled = notToBring(host, toSettle(loaded, unsettled));
  throwProblems(await refusals(loaded, { chosen, unsettled: settled, forced: options.forced }));
  const planned = await planStages(loaded, chosen, { ...options, unsettled });
  throwProblems(absentProblems(loaded, planned));
  for (const { stage, step } of planned) warnIfNotHere(loaded, stage, step);
  const reports = dryReports(loaded, planned, await plannedFailures(loaded, planned));
  const explainer = explainerOf(loaded);
  const explained = reports.map(async (report) => {
    return { ...report, reasons: await explainer.explain(report.name, report.reasons) };
  });
  return { dryRun: true, stages: await Promise.all(explained) };
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
