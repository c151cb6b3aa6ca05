import { dependencyName } from '../definition/dependency-part.js';
import type { FileChange, PipelineHost } from '../host.js';
import { loadPipeline, selectStages, targetStages } from './load.js';
import { planStages } from './look.js';
import type { Reason } from './reason.js';
import { stateOf, type StageState } from './stage-status.js';
import { wordChanges, type WordChange } from './word-changes.js';
import type { AbsPath } from '../../base/paths.js';

/** A reason with what it comes down to. */
export type ExplainedReason = Reason & {
  /** Of a changed directory: which files changed, if the listing of the recorded run is at hand. */
  readonly files?: readonly FileChange[];
  /** Of a changed command: which words. */
  readonly words?: readonly WordChange[];
};

export interface Explanation {
  readonly name: string;
  readonly state: StageState;
  /** What `repro` would do. */
  readonly action: 'run' | 'restore' | 'fresh' | 'frozen';
  readonly reasons: readonly ExplainedReason[];
}

/**
 * Why a stage (or those that make an output) would run, down to files, parameters and words of the command. Changes nothing
 * in the workspace; the present listings of changed directories are kept in the store to be compared.
 */
export async function explainStages(
  host: PipelineHost,
  target: string,
  cwd: AbsPath,
): Promise<Explanation[]> {
  const loaded = loadPipeline(host);
  const asked = new Set(targetStages(loaded, target, cwd));
  const planned = await planStages(
    loaded,
    selectStages(loaded, { targets: [target], reach: 'upstream', cwd }),
  );
  const explanations = planned
    .filter(({ stage }) => asked.has(stage.name))
    .map(async ({ stage, step }): Promise<Explanation> => {
      const recorded = new Map(
        (loaded.lock.get(stage.name)?.deps ?? []).map((dep) => [dependencyName(dep), dep]),
      );
      const reasons = step.reasons.map(async (reason): Promise<ExplainedReason> => {
        const before = recorded.get(reason.subject);
        if (reason.kind === 'command-changed')
          return { ...reason, words: wordChanges(reason.old, reason.new) };
        if (reason.kind !== 'dep-changed' || before?.kind !== 'directory') return reason;
        const after = await loaded.observer.look(stage, before);
        const files = after && after.id === reason.new ? host.changes(before, after) : undefined;
        return files ? { ...reason, files } : reason;
      });
      return {
        name: stage.name,
        state: stateOf(loaded, stage.name, step),
        action: step.action,
        reasons: await Promise.all(reasons),
      };
    });
  return Promise.all(explanations);
}
