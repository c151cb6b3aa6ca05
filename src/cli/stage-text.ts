import type { StageAdded } from '../actions/stage-add.js';
import type { FrozenStages } from '../actions/stage-freeze.js';
import type { ListedStage } from '../actions/stage-list.js';
import type { StagesRemoved } from '../actions/stage-rm.js';
import { textTable } from './table.js';
import { toCommitLines } from './to-commit-text.js';
import { visibleInLine } from './visible.js';

/** Each stage and how it is now. */
export function frozenText({ stages, toCommit }: FrozenStages): string {
  const lines = stages.map(({ name, frozen, changed }) => {
    const state = frozen ? 'frozen' : 'not frozen';
    return changed ? `${name}: ${state}` : `${name}: ${state} already`;
  });
  return [...lines, ...toCommitLines(toCommit)].join('\n');
}

export function addedText({ name, replaced, toCommit }: StageAdded): string {
  const done = `${replaced ? 'Replaced' : 'Added'} the stage '${name}'. 'ocrpipe repro ${name}' runs it.`;
  return [done, ...toCommitLines(toCommit)].join('\n');
}

export function removedText({ removed, toCommit }: StagesRemoved): string {
  const lines = removed.map((name) => `Removed the stage '${name}'. What it made stays where it is.`);
  return [...lines, ...toCommitLines(toCommit)].join('\n');
}

/** One row a stage: name, what holds of it, and what it is for or runs. */
export function stagesText(stages: readonly ListedStage[]): string {
  if (stages.length === 0)
    return "There are no stages. 'ocrpipe stage add NAME -- COMMAND' writes the first one.";
  return textTable(
    stages.map(({ name, desc, run, outs, frozen, always }) => [
      name,
      [...(frozen ? ['frozen'] : []), ...(always ? ['always'] : [])].join(', '),
      visibleInLine(desc ?? (run.length === 0 ? '' : run.join('; '))),
      outs.length === 0 ? '' : `-> ${outs.join(', ')}`,
    ]),
  );
}
