import { join } from 'node:path';
import { removeAbandonedIn } from '../../tracking/abandoned.js';
import { bytePath } from '../../tracking/byte-path.js';
import { closure } from '../definition/graph/graph.js';
import { throwProblems } from '../definition/problems/problems.js';
import type { Stage } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import type { LoadedPipeline } from '../staleness/load.js';
import { bringUnsettled, toSettle } from './absent-inputs.js';
import { filesInTheWay, mistakesIn } from '../staleness/refusals.js';
import { secretProblems } from '../staleness/secrets.js';
import { unheldDependencies } from '../staleness/unheld-dependencies.js';
import { settleInputs, unsettledInputs, type Unsettled } from '../staleness/tracked-inputs.js';

/** What has to be waited for before anything can be judged: a stage that another repro has to itself, or nothing but another look. */
export type Hindrance = { readonly stage: string } | 'changed-meanwhile';

/**
 * What comes before the first stage: everything that can be refused is refused while nothing has changed yet; then tracked
 * data is brought to the state that its pointers ask for. Gives what has to be waited for where another repro is at work on the same;
 * then nothing was refused and nothing changed. Stages that another repro has to itself are judged when their turn comes.
 */
export async function preflight(
  loaded: LoadedPipeline,
  chosen: readonly string[],
  forced: ReadonlySet<string>,
): Promise<Hindrance | undefined> {
  const { host, locks } = loaded;
  throwProblems(await mistakesIn(loaded, chosen));
  throwProblems(await secretProblems(loaded, { chosen, forced }));
  await warnOfUnheld(loaded, chosen);
  const taken = new Set(closure(loaded.graph, chosen, 'upstream').filter((name) => host.isStageTaken(name)));
  const others = [...taken].find((name) => !chosen.includes(name));
  if (others !== undefined) return { stage: others };
  const own = chosen.filter((name) => !taken.has(name));
  // What still writes into an output is ended before the outputs are judged.
  const marked = loaded.marks.stages();
  const unfinished = own.filter((name) => marked.has(name));
  await endOrphans(loaded, unfinished);
  removeLeftovers(
    loaded,
    unfinished.map((name) => loaded.pipeline.stages.get(name)!),
  );
  const unsettled = toSettle(loaded, await unsettledInputs(loaded, chosen));
  await bringUnsettled(host, unsettled);
  const unjudged = new Set([...forced, ...taken]);
  const problems = await filesInTheWay(loaded, { chosen, forced: unjudged, unsettled });
  // What another repro finished since the lock was read looks like an edit.
  if (problems.length > 0 && locks.isOutdated()) return 'changed-meanwhile';
  throwProblems(problems);
  return settle(loaded, unsettled);
}

/** Puts in place what other stages, that are not to run, have made: while none of them runs. */
async function settle(
  { host, observer }: LoadedPipeline,
  unsettled: readonly Unsettled[],
): Promise<Hindrance | undefined> {
  const makers = unsettled.map(({ maker }) => maker).filter((maker) => maker !== undefined);
  const busy = makers.find((maker) => host.isStageTaken(maker));
  if (busy !== undefined) return { stage: busy };
  await withStages(host, [...new Set(makers)].sort(), () => settleInputs(host, unsettled));
  observer.changed(unsettled.map(({ path }) => path));
  return undefined;
}

/** Runs `work` while this process has all these stages to itself; each waits for them in one order. */
async function withStages(
  host: PipelineHost,
  stages: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const [first, ...rest] = stages;
  if (first === undefined) await work();
  else await host.withStage(first, () => withStages(host, rest, work));
}

async function warnOfUnheld(loaded: LoadedPipeline, chosen: readonly string[]): Promise<void> {
  for (const { code, message, hint } of await unheldDependencies(loaded, chosen)) {
    loaded.host.events({ type: 'note', level: 'warning', code, message: `${message}. ${hint ?? ''}` });
  }
}

/** A killed repro may have left commands that still write into the outputs. `stages`: those with a mark. */
async function endOrphans({ host, marks }: LoadedPipeline, stages: readonly string[]): Promise<void> {
  for (const name of stages) {
    if (!(await host.withStage(name, () => marks.endOrphans(name)))) continue;
    const message = `${name}: ended what an earlier repro had left running`;
    host.events({ type: 'note', level: 'warning', code: 'orphan-ended', message });
  }
}

/** Temporary files of a killed repro, wherever one writes. */
function removeLeftovers({ host, marks }: LoadedPipeline, stages: readonly Stage[]): void {
  const unfinished = stages.flatMap((stage) => stage.outs);
  const folders = new Set([
    host.root,
    marks.folder,
    ...unfinished.map((out) => join(host.root, out.path, '..')),
  ]);
  for (const folder of folders) removeAbandonedIn(bytePath(folder));
}
