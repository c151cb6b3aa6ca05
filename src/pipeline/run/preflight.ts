import { join } from 'node:path';
import { removeAbandonedIn } from '../../tracking/abandoned.js';
import { bytePath } from '../../tracking/byte-path.js';
import { throwProblems } from '../definition/problems.js';
import type { Stage } from '../definition/stage.js';
import type { LoadedPipeline } from '../staleness/load.js';
import { filesInTheWay, mistakesIn } from '../staleness/refusals.js';
import { unheldDependencies } from '../staleness/unheld-dependencies.js';
import { settleInputs, unsettledInputs } from '../staleness/tracked-inputs.js';

/**
 * What comes before the first stage: everything that can be refused is refused while nothing has changed yet; then tracked
 * data is brought to the state that its pointers ask for.
 */
export async function preflight(
  loaded: LoadedPipeline,
  chosen: readonly string[],
  forced: ReadonlySet<string>,
): Promise<void> {
  const { host, pipeline, observer } = loaded;
  throwProblems(await mistakesIn(loaded, chosen));
  await warnOfUnheld(loaded, chosen);
  // What still writes into an output is ended before the outputs are judged.
  await endOrphans(loaded, chosen);
  removeLeftovers(
    loaded,
    chosen.map((name) => pipeline.stages.get(name)!),
  );
  const unsettled = await unsettledInputs(loaded, chosen);
  throwProblems(await filesInTheWay(loaded, { chosen, forced, unsettled }));
  await settleInputs(host, unsettled);
  observer.changed(unsettled.map(({ path }) => path));
}

async function warnOfUnheld(loaded: LoadedPipeline, chosen: readonly string[]): Promise<void> {
  for (const { code, message, hint } of await unheldDependencies(loaded, chosen)) {
    loaded.host.events({ type: 'note', level: 'warning', code, message: `${message}. ${hint ?? ''}` });
  }
}

/** A killed repro may have left commands that still write into the outputs. */
async function endOrphans({ host, marks }: LoadedPipeline, chosen: readonly string[]): Promise<void> {
  for (const name of chosen) {
    if (!marks.has(name) || !(await marks.endOrphans(name))) continue;
    const message = `${name}: ended what an earlier repro had left running`;
    host.events({ type: 'note', level: 'warning', code: 'orphan-ended', message });
  }
}

/** Temporary files of a killed repro, wherever one writes. */
function removeLeftovers({ host, marks }: LoadedPipeline, stages: readonly Stage[]): void {
  const unfinished = stages.filter((stage) => marks.has(stage.name)).flatMap((stage) => stage.outs);
  const folders = new Set([
    host.root,
    marks.folder,
    ...unfinished.map((out) => join(host.root, out.path, '..')),
  ]);
  for (const folder of folders) removeAbandonedIn(bytePath(folder));
}
