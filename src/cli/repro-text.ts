import type { ToCommit } from '../actions/to-commit.js';
import { reasonText } from '../pipeline/staleness/reason.js';
import type { ReproResult, StageReport } from '../pipeline/run/repro.js';
import type { ExplainedReason, Explanation } from '../pipeline/staleness/why.js';
import { textTable } from './table.js';
import { toCommitLines } from './to-commit-text.js';
import { secondsText } from './units.js';
import { visibleInLine } from './visible.js';

const DRY = {
  ran: 'would run',
  restored: 'would be restored',
  failed: 'would fail',
  skipped: 'would be skipped',
  fresh: 'fresh',
  frozen: 'frozen',
} as const;

/** What repro did, or would do, stage by stage, and why; then what went wrong. */
export function reproText(result: ReproResult & ToCommit): string {
  const { stages, dryRun, toCommit } = result;
  const quiet = stages.every(({ action }) => action === 'fresh' || action === 'frozen');
  if (quiet) return `Nothing is stale: ${summary(stages)}.`;
  const rows = stages.map((stage) => [
    stage.name,
    dryRun ? DRY[stage.action] : stage.action,
    stage.seconds === 0 ? '' : secondsText(stage.seconds),
    stage.reasons.map(reasonText).join('; '),
  ]);
  const failures = stages.filter((stage) => stage.error).map(failureText);
  return [textTable(rows), ...toCommitLines(toCommit), ...failures].join('\n');
}

function summary(stages: readonly StageReport[]): string {
  const frozen = stages.filter(({ action }) => action === 'frozen').length;
  const fresh = `${stages.length - frozen} fresh`;
  return frozen === 0 ? fresh : `${fresh}, ${frozen} frozen`;
}

function failureText({ error, lastLines }: StageReport): string {
  const lines = (lastLines ?? []).map((line) => `  | ${line}`);
  const hint = error?.hint === undefined ? [] : [`  hint: ${error.hint}`];
  return ['', `error: ${error?.message ?? ''} [${error?.code ?? ''}]`, ...lines, ...hint].join('\n');
}

const WOULD = {
  run: 'repro would run it',
  restore: 'repro would restore an earlier result',
  fresh: 'there is nothing to do',
  frozen: 'it is frozen, so repro leaves it alone',
} as const;

/** Each stage with its reasons, one a line, and what they come down to. */
export function whyText(explanations: readonly Explanation[]): string {
  return explanations
    .map(({ name, state, action, reasons }) =>
      [`${name} is ${state}: ${WOULD[action]}`, ...reasons.flatMap(explainedLines)].join('\n'),
    )
    .join('\n');
}

function explainedLines(reason: ExplainedReason): string[] {
  const files = (reason.files ?? []).map(({ path, change }) => `    ${change}: ${visibleInLine(path)}`);
  const words = (reason.words ?? [])
    .filter(({ change }) => change !== 'same')
    .map(({ change, words: text }) => `    ${change === 'added' ? '+' : '-'} ${text}`);
  return [`  ${reasonText(reason)}`, ...shortened(files), ...words];
}

const SHOWN_FILES = 20;

function shortened(lines: readonly string[]): string[] {
  if (lines.length <= SHOWN_FILES) return [...lines];
  return [
    ...lines.slice(0, SHOWN_FILES),
    `    and ${lines.length - SHOWN_FILES} more (all of them with --json)`,
  ];
}
