import type { ToCommit } from '../actions/to-commit.js';
import { reasonText } from '../pipeline/staleness/reason.js';
import type { ReproResult, StageReport } from '../pipeline/run/repro-report.js';
import { textTable } from './table.js';
import { toCommitLines } from './to-commit-text.js';
import { secondsText } from './units.js';
import { visibleInLine } from './visible.js';
import { fileLines, reasonLines } from './why-text.js';

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
  const quiet = stages.every(
    ({ action, deterministic }) => (action === 'fresh' || action === 'frozen') && deterministic === undefined,
  );
  if (quiet) return `Nothing is stale: ${summary(stages)}.`;
  const rows = stages.map((stage) => [
    stage.name,
    dryRun ? DRY[stage.action] : stage.action,
    stage.seconds === 0 ? '' : secondsText(stage.seconds),
    stage.reasons.map(reasonText).join('; '),
  ]);
  const compared = stages.filter(({ deterministic }) => deterministic === false).flatMap(differingLines);
  const failures = stages.filter((stage) => stage.error).map(failureText);
  const details = dryRun ? detailsText(stages) : [];
  return [textTable(rows), ...details, ...compared, ...toCommitLines(toCommit), ...failures].join('\n');
}

/** What a second run of a stage made differently. */
function differingLines({ name, differing = [] }: StageReport): string[] {
  return [
    `${name} is not deterministic: a second run with the same inputs made something else at`,
    ...differing.flatMap(({ path, files = [] }) => [
      `  ${visibleInLine(path)}`,
      ...fileLines(files, LINES_EACH).map((line) => `    ${line}`),
    ]),
    '  The first result counts and was put back; the second one is kept beside it.',
  ];
}

/** So many reasons of a dry run are gone into, and so many lines of each: `why` and --json have all. */
const MOST_DETAILS = 10;
const LINES_EACH = 5;

/** Which files and words the reasons of a dry run come down to. */
function detailsText(stages: readonly StageReport[]): string[] {
  const detailed = stages.flatMap(({ name, reasons }) =>
    reasons
      .filter(({ files, words }) => (files ?? words ?? []).length > 0)
      .map((reason) => {
        const [first, ...lines] = reasonLines(reason, '', LINES_EACH);
        return [`${name}: ${first!}`, ...lines].join('\n');
      }),
  );
  const more = detailed.length - MOST_DETAILS;
  const rest = more > 0 ? [`and ${more} more ('ocrpipe why STAGE' or --json)`] : [];
  return detailed.length === 0 ? [] : ['', ...detailed.slice(0, MOST_DETAILS), ...rest];
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
