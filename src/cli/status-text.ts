import type { StatusProblem, StatusResult, TrackedStatus } from '../actions/status.js';
import type { ImportState } from '../actions/import-states.js';
import { shellQuote } from '../base/shell-quote.js';
import { reasonText } from '../pipeline/staleness/reason.js';
import type { StageStatus } from '../pipeline/staleness/stage-status.js';
import { storeFiguresText } from './store-figures-text.js';
import { textTable } from './table.js';
import { unpushedText } from './unpushed-text.js';

/** Reasons shown in one line of a stage; `why` has them all. */
const REASONS = 3;

/** The status for people: one line a path and stage, each with what to do about it. */
export function statusText(result: StatusResult): string {
  const { tracked, stages, problems, remote } = result;
  if (tracked.length + stages.length + problems.length + result.notes.length === 0 && !result.store) {
    return "Nothing is tracked yet, and there is no pipeline.yaml. Begin with 'ocrpipe add PATH'.";
  }
  const parts = [
    section(
      'Tracked',
      tracked.map((each) => [each.path, each.state, advice(each, remote !== undefined)]),
    ),
    section(
      'Stages',
      stages.map((stage) => [stage.name, stage.state, reasons(stage)]),
    ),
    section('In the way of repro', unsaid(result).map(problemRow)),
    section('Worth knowing', result.notes.map(problemRow)),
    result.unpushed ? unpushedText(result.unpushed) : '',
    section('Imports', (result.imports ?? []).map(importRow)),
    result.store ? storeFiguresText(result.store) : '',
    nextStep(result),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function importRow({ path, state, source, problem }: ImportState): string[] {
  if (problem) return [path, state, problemRow(problem).join('')];
  if (state === 'behind')
    return [path, state, `'ocrpipe update ${shellQuote(path)}' brings what is there now`];
  if (state === 'unknown') return [path, state, 'its server does not tell versions apart'];
  const follows = 'repository' in source ? `${source.rev ?? 'HEAD'} of ${source.repository}` : source.url;
  return [path, state, follows];
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const indented = textTable(rows)
    .split('\n')
    .map((line) => `  ${line}`);
  return [`${title}:`, ...indented].join('\n');
}

function advice(tracked: TrackedStatus, canPull: boolean): string {
  const { path, state, cause, inStore, problem, uncommitted } = tracked;
  const quoted = shellQuote(path);
  if (problem !== undefined) return problemRow(problem).join('');
  switch (state) {
    case 'new':
      return `pointer not in git yet: git add ${shellQuote(`${path}.ocr`)}`;
    case 'missing':
      return inStore === true ? `'ocrpipe checkout ${quoted}' puts it there` : absentAdvice(quoted, canPull);
    case 'modified':
      return cause === 'pointer-moved' && inStore === false
        ? `its pointer changed: ${absentAdvice(quoted, canPull)}`
        : modifiedAdvice(quoted, cause, inStore === false ? backText(quoted, canPull) : undefined);
    case 'broken':
    case 'clean':
      return uncommitted === true ? 'pointer changed since the last git commit' : '';
  }
}

function absentAdvice(quoted: string, canPull: boolean): string {
  return canPull
    ? `'ocrpipe pull ${quoted}' gets it`
    : "the store has not its bytes, and no remote is within reach (see 'ocrpipe remote list')";
}

/** How what was edited comes back of which the store has lost the bytes. */
function backText(quoted: string, canPull: boolean): string {
  return canPull
    ? `the store has lost what it was: 'ocrpipe pull --force ${quoted}' brings that back`
    : "the store has lost what it was: 'ocrpipe fsck --repair' brings that back, should another file or a remote have it";
}

/** `back`: where a checkout cannot bring back what was edited. */
function modifiedAdvice(quoted: string, cause: TrackedStatus['cause'], back?: string): string {
  if (cause === 'pointer-moved') return `its pointer changed: 'ocrpipe checkout ${quoted}'`;
  if (cause === 'both') {
    const other = back ?? `'ocrpipe checkout --force ${quoted}' takes what that names`;
    return `edited, and its pointer changed: 'ocrpipe commit ${quoted}' keeps the edit, ${other}`;
  }
  return `edited: 'ocrpipe commit ${quoted}' keeps that, ${back ?? `'ocrpipe checkout --force ${quoted}' undoes it`}`;
}

function reasons(stage: StageStatus): string {
  if (stage.state === 'never-run') return '';
  const doubtful = stage.deterministic === false ? ['not deterministic'] : [];
  const shown = stage.reasons.slice(0, REASONS).map(reasonText);
  const more = stage.reasons.length - shown.length;
  const unchecked = (stage.unchecked ?? []).map((url) => `${url} unchecked (--imports asks)`);
  const rest = more > 0 ? [`${more} more ('ocrpipe why ${stage.name}')`] : [];
  return [...doubtful, ...shown, ...unchecked, ...rest].join(', ');
}

/** That data is not here is said of each path already. */
function unsaid({ tracked, problems }: StatusResult): readonly StatusProblem[] {
  const absent = tracked.some(({ state }) => state === 'missing');
  return absent ? problems.filter(({ code }) => code !== 'missing-data') : problems;
}

/** A problem and what to do about it. */
function problemRow({ message, hint }: StatusProblem): string[] {
  return [[message, hint].filter((part) => part !== undefined).join('. ')];
}

function nextStep({ tracked, stages, problems, remote }: StatusResult): string {
  const waiting = stages.filter(({ state }) => state === 'stale' || state === 'never-run').length;
  const absent = tracked.filter(({ state, inStore }) => state === 'missing' && inStore === false).length;
  if (absent > 0 && remote !== undefined) {
    // How many stages are stale is known when their results are here.
    const then = waiting === 0 ? '.' : "; 'ocrpipe repro' then runs what is still stale.";
    return `'ocrpipe pull' gets ${absent === 1 ? 'it' : 'them all'}${then}`;
  }
  return waiting === 0 || problems.length > 0
    ? ''
    : `'ocrpipe repro' brings ${waiting === 1 ? 'the stage' : `${waiting} stages`} up to date.`;
}
