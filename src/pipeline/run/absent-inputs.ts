import { isWithin, type RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { PointedPath } from '../../tracking/workspace-files.js';
import { readBy, touches } from '../definition/dependencies/dependency-part.js';
import { throwProblems, type Problem } from '../definition/problems/problems.js';
import type { Stage } from '../definition/stage/stage.js';
import type { NeededPath, PipelineHost } from '../host.js';
import type { LockedPath } from '../records/signature.js';
import { absentPointed } from '../staleness/absent-content.js';
import { loadPipeline, type LoadedPipeline } from '../staleness/load.js';
import { bringResults, planStages, type LookOptions, type PlannedStage } from '../staleness/look.js';
import { bringNeeded, isNeededHere, partsRead, patternRead, putNeeded } from '../staleness/needed-data.js';
import { neededOf, type Unsettled } from '../staleness/tracked-inputs.js';

/** Those that must be here before the first stage: where data may be missing, not what is wholly absent. */
export function toSettle({ allowMissing }: LoadedPipeline, unsettled: readonly Unsettled[]): Unsettled[] {
  return unsettled.filter(({ absent }) => !(allowMissing && absent));
}

/** Those that no remote is to be asked for, for a look that changes nothing. */
export function notToBring(host: PipelineHost, unsettled: readonly Unsettled[]): Unsettled[] {
  const { fetcher } = host;
  return unsettled.filter(
    (each) => !fetcher || each.state === 'modified' || isNeededHere(host, neededOf(each)),
  );
}

/** Brings the bytes of data that is to be put in place and is not in the store. Does nothing where nothing may be brought. */
export async function bringUnsettled(host: PipelineHost, unsettled: readonly Unsettled[]): Promise<void> {
  await bringNeeded(host, unsettled.filter(({ state }) => state !== 'modified').map(neededOf));
}

/**
 * Looks ahead before the first stage, where something may be missing: brings, all at once, the results that the lock names and
 * that stages are to get back, and refuses (`missing-data`) stages that are sure to run without what they read.
 */
export async function lookAhead(
  { host, allowMissing }: LoadedPipeline,
  chosen: readonly string[],
  options: LookOptions,
): Promise<void> {
  if (!host.fetcher && !allowMissing) return;
  // What is only planned is expected by its observer: the one that runs stages must not be told.
  const loaded = loadPipeline(host, { allowMissing });
  const planned = await planStages(loaded, chosen, options);
  if (host.fetcher) await bringResults(host, () => bringLocked(loaded, planned));
  else throwProblems(absentProblems(loaded, planned));
}

async function bringLocked(
  { host, lock }: LoadedPipeline,
  planned: readonly PlannedStage[],
): Promise<boolean> {
  const names = planned.filter(({ step }) => step.action === 'run' && step.notHere === true);
  const outs = names.flatMap(({ stage }) => lock.get(stage.name)!.outs);
  const wanted = outs.map(({ path, persist: _persist, ...snapshot }) => ({ path, snapshot }));
  if (wanted.length > 0) await host.fetcher?.bring(wanted);
  return wanted.length > 0;
}

/** Brings a result anew whose stored bytes were found damaged; false if it is not here now, or nothing may be brought. */
export async function bringResult(host: PipelineHost, result: readonly LockedPath[]): Promise<boolean> {
  const { fetcher, files } = host;
  if (!fetcher) return false;
  const wanted = result.map(({ path, ...snapshot }) => ({ path, snapshot }));
  return bringResults(host, async () => {
    await fetcher.bring(wanted);
    return wanted.every(({ snapshot }) => files.inStore(snapshot));
  });
}

/** What stages that are sure to run would miss: it is neither in the workspace nor in the store. */
export function absentProblems(loaded: LoadedPipeline, planned: readonly PlannedStage[]): Problem[] {
  if (!loaded.allowMissing || loaded.host.fetcher) return [];
  const sure = planned.filter(
    ({ step }) => step.action === 'run' && step.reasons.some(({ kind }) => kind !== 'upstream'),
  );
  const problems = sure.flatMap(({ stage }) =>
    absentAt(
      loaded,
      stage,
      stage.deps.map(({ path }) => path),
    )
      .filter(({ snapshot }) => !loaded.host.files.inStore(snapshot))
      .map((input) => notHere(stage, input)),
  );
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

/**
 * Puts in place what a stage cannot even be judged without, where it is not here: files of parameters, and what only a part of
 * counts of. Throws as `bringInputs` does.
 */
export async function bringJudged(loaded: LoadedPipeline, stage: Stage): Promise<void> {
  if (!loaded.allowMissing) return;
  const parts = stage.deps.filter(({ part }) => part !== undefined).map(({ path }) => path);
  await bringPaths(loaded, stage, [...parts, ...stage.params.map(({ file }) => file)]);
}

/**
 * Puts in place what a stage is about to read and is not here. Throws `missing-data` if it is neither in the store nor on a remote
 * that may be asked.
 */
export async function bringInputs(loaded: LoadedPipeline, stage: Stage): Promise<void> {
  if (!loaded.allowMissing) return;
  await bringPaths(
    loaded,
    stage,
    stage.deps.map(({ path }) => path),
  );
}

async function bringPaths(loaded: LoadedPipeline, stage: Stage, paths: readonly RepoPath[]): Promise<void> {
  const { host, observer } = loaded;
  const absent = absentAt(loaded, stage, paths).map((each) => withParts(loaded, each));
  await bringNeeded(host, absent);
  throwProblems(absent.filter((each) => !isNeededHere(host, each)).map((input) => notHere(stage, input)));
  for (const each of absent) {
    const { path } = each;
    const put = await putNeeded(host, each);
    if (put === undefined) continue;
    const message = `${path}: put there ${put}, for stage ${stage.name}`;
    host.events({ type: 'note', level: 'info', code: 'data-put-in-place', message });
  }
  observer.changed(absent.map(({ path }) => path));
}

/** Of a directory that no stage makes only what stages of the pipeline read: another of them would else miss its part of it. */
function withParts({ pipeline }: LoadedPipeline, pointed: PointedPath): NeededPath {
  const { path, snapshot } = pointed;
  const stages = [...pipeline.stages.values()];
  const isMade = stages.some(({ outs }) => outs.some((out) => isWithin(path, out.path)));
  if (snapshot.kind !== 'directory' || isMade) return pointed;
  const needed = partsRead(
    stages.flatMap(readBy).filter((dep) => touches(dep, path)),
    path,
  );
  return { ...pointed, parts: needed && patternRead(needed, path, []) };
}

function absentAt({ host }: LoadedPipeline, stage: Stage, paths: readonly RepoPath[]): PointedPath[] {
  const found = paths.flatMap((path) => absentPointed(host, path) ?? []);
  const unique = [...new Map(found.map((pointed) => [pointed.path, pointed])).values()];
  return unique.filter(({ path }) => !stage.outs.some((out) => isWithin(path, out.path)));
}

function notHere(stage: Stage, { path }: PointedPath): Problem {
  return {
    code: 'missing-data',
    message: `the bytes of '${path}', which stage '${stage.name}' is to read, are neither in the workspace nor in the store`,
    hint: `Get them: 'ocrpipe pull ${shellQuote(path)}', or let repro do it with --pull.`,
  };
}
