import type { RepoPath } from '../../base/paths.js';
import type { PathStatus } from '../../tracking/workspace-files.js';
import type { PipelineHost } from '../host.js';
import { hasPipeline, loadPipeline, misnamedPipeline, type LoadedPipeline } from './load.js';
import { planStages } from './look.js';
import { plannedFailures, refusals } from './refusals.js';
import { unsettledInputs } from './tracked-inputs.js';
import { unheldDependencies } from './unheld-dependencies.js';
import { lockedInputs } from '../records/lock-file.js';
import { otherResults } from '../records/several-results.js';
import { signatureOf } from '../records/signature.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Stage } from '../definition/stage/stage.js';
import type { Step } from './plan.js';
import type { Reason } from './reason.js';

export type StageState = 'fresh' | 'stale' | 'frozen' | 'never-run';

/** How a stage stands, and why it is not fresh. */
export interface StageStatus {
  readonly name: string;
  readonly state: StageState;
  readonly reasons: readonly Reason[];
  /** Addresses that it depends on and that were not asked for their version; absent if there are none. */
  readonly unchecked?: readonly string[];
  /** There only if runs with the inputs of the lock gave results that differ. */
  readonly deterministic?: false;
}

/** How a pipeline stands. */
export interface PipelineStatus {
  /** In the order of the graph; none without a pipeline.yaml. */
  readonly stages: readonly StageStatus[];
  /** What `repro` of all stages would refuse before the first one, or else what would make stages fail at once. */
  readonly problems: readonly Problem[];
  /** What hinders nothing here, and is worth a warning. */
  readonly notes: readonly Problem[];
}

/**
 * The state of every stage, and what keeps them from being brought up to date. Runs and changes nothing. `known` is what was
 * seen of tracked paths a moment ago: they are not looked at again.
 */
export async function pipelineStatus(
  host: PipelineHost,
  known: ReadonlyMap<RepoPath, PathStatus> = new Map(),
): Promise<PipelineStatus> {
  if (!hasPipeline(host.root)) {
    const other = misnamedPipeline(host.root);
    return { stages: [], problems: other ? [other] : [], notes: [] };
  }
  const loaded = loadPipeline(host);
  loaded.observer.know(known);
  const chosen = loaded.graph.order;
  // Git answers in a process of its own while this one looks at the files.
  const unheld = unheldDependencies(loaded, chosen);
  const [unsettled, notes] = await Promise.all([unsettledInputs(loaded, chosen), unheld]);
  const refused = await refusals(loaded, { chosen, unsettled, forced: new Set() });
  const planned = await planStages(loaded, chosen, { unsettled });
  const differing = notDeterministic(loaded);
  const stages = await Promise.all(
    planned.map(async ({ stage, step }): Promise<StageStatus> => {
      const unchecked = await uncheckedUrls(loaded, stage);
      const { name } = stage;
      const state = stateOf(loaded, name, step);
      return {
        ...{ name, state, reasons: step.reasons },
        ...(unchecked.length > 0 && { unchecked }),
        ...(differing.has(name) && { deterministic: false }),
      };
    }),
  );
  if (refused.length > 0) return { stages, problems: refused, notes };
  return { stages, problems: [...(await plannedFailures(loaded, planned)).values()], notes };
}

async function uncheckedUrls({ observer }: LoadedPipeline, stage: Stage): Promise<string[]> {
  if (stage.frozen || stage.urls.length === 0) return [];
  const urls = await observer.urlsOf(stage);
  return urls.filter(({ version }) => version === undefined).map(({ url }) => url);
}

/** The stages with more than one result of the inputs that the lock names. */
function notDeterministic({ host, lock }: LoadedPipeline): ReadonlySet<string> {
  const several = host.records.several();
  if (several.size === 0) return new Set();
  const suspects = [...lock].filter(([, entry]) => several.has(signatureOf(lockedInputs(entry))));
  return new Set(suspects.filter(([, entry]) => otherResults(host, entry).length > 0).map(([name]) => name));
}

export function stateOf(loaded: LoadedPipeline, name: string, step: Step): StageState {
  if (step.action === 'frozen' || step.action === 'fresh') return step.action;
  return loaded.lock.has(name) ? 'stale' : 'never-run';
}
