import type { Between, StageBetween } from '../pipeline/staleness/between.js';
import type { ExplainedReason } from '../pipeline/staleness/explain.js';
import { reasonText } from '../pipeline/staleness/reason.js';
import type { Explanation, StageBefore } from '../pipeline/staleness/why.js';
import type { FileChange } from '../pipeline/host.js';
import { visibleInLine } from './visible.js';

/** So many files of a directory, and changed runs of words of a command, are shown; --json has all. */
const SHOWN = 20;

const WOULD = {
  run: 'repro would run it',
  restore: 'repro would restore an earlier result',
  fresh: 'there is nothing to do',
  frozen: 'it is frozen, so repro leaves it alone',
} as const;

/** Each stage with its reasons, one a line, and what they come down to. */
export function whyText(explanations: readonly Explanation[]): string {
  return explanations.map(explanationText).join('\n');
}

function explanationText(explanation: Explanation): string {
  const { name, state, action, reasons, upstream, otherResults = [] } = explanation;
  const notDeterministic = otherResults.map(
    ({ differing }) =>
      `  not deterministic: another run with the inputs of the last one made something else at ${differing.map(visibleInLine).join(', ')}`,
  );
  return [
    `${name} is ${state}: ${WOULD[action]}`,
    ...reasons.flatMap((reason) => reasonLines(reason)),
    ...notDeterministic,
    ...upstream.flatMap(beforeLines),
  ].join('\n');
}

function beforeLines({ name, action, reasons }: StageBefore): string[] {
  const what = action === 'run' ? 'would run' : 'would be restored';
  return [`  before it, ${name} ${what}:`, ...reasons.flatMap((reason) => reasonLines(reason, '    '))];
}

/** A reason in one line, and below it the files or words that it comes down to. */
export function reasonLines(reason: ExplainedReason, indent = '  ', shown = SHOWN): string[] {
  const from = reason.from === undefined ? '' : ` (made by ${reason.from})`;
  return [
    `${indent}${visibleInLine(reasonText(reason))}${from}`,
    ...detailLines(reason, shown).map((line) => `${indent}  ${line}`),
  ];
}

/** What a reason comes down to; empty where there is no more to say. */
function detailLines(reason: ExplainedReason, shown = SHOWN): string[] {
  const words = (reason.words ?? [])
    .filter(({ change }) => change !== 'same')
    .map(({ change, words: text }) => `${change === 'added' ? '+' : '-'} ${visibleInLine(text)}`);
  const unknown =
    reason.filesUnknown === true
      ? ['which files is not known: the listing of what it was is not here (ocrpipe fetch may bring it)']
      : [];
  return [...fileLines(reason.files ?? [], shown), ...shortened(words, shown), ...unknown];
}

/** Changed files, one a line, `shown` at most. */
export function fileLines(files: readonly FileChange[], shown = SHOWN): string[] {
  const lines = files.map(({ path, change, from }) => {
    const name = from === undefined ? path : `${from} -> ${path}`;
    return `${change}: ${visibleInLine(name)}`;
  });
  return shortened(lines, shown);
}

function shortened(lines: readonly string[], shown: number): string[] {
  if (lines.length <= shown) return [...lines];
  return [...lines.slice(0, shown), `and ${lines.length - shown} more (all of them with --json)`];
}

/** What two commits recorded of stages, and how it differs. */
export function betweenText(between: Between): string {
  return between.stages.map((stage) => stageBetweenLines(stage, between).join('\n')).join('\n');
}

function stageBetweenLines(stage: StageBetween, { from, to }: Between): string[] {
  const { name, reasons, results, deterministic, written, outdated } = stage;
  const shown = results.flatMap(({ path, files = [] }) => [
    `  result ${visibleInLine(path)}`,
    ...fileLines(files).map((line) => `    ${line}`),
  ]);
  const stale = outdated.map(
    ({ commit, paths }) =>
      `  in ${commit}, pipeline.lock is older than the ${paths.length === 1 ? 'pointer' : 'pointers'} of ${paths.map(visibleInLine).join(', ')}: it was not run with that`,
  );
  return [
    `${name} ${headline(stage, { from, to })}`,
    ...reasons.flatMap((reason) => reasonLines(reason)),
    ...shown,
    ...(written.length === 0 ? [] : ['  written otherwise, which no recorded run shows:']),
    ...written.flatMap((reason) => reasonLines(reason, '    ')),
    ...(deterministic === false ? ['  not deterministic: the same inputs gave another result'] : []),
    ...stale,
  ];
}

function headline(
  { recorded, reasons, results }: StageBetween,
  { from, to }: Pick<Between, 'from' | 'to'>,
): string {
  if (!recorded.from && !recorded.to) return `was recorded neither in ${from} nor in ${to}`;
  if (!recorded.from) return `is new in ${to}: ${from} has no result of it`;
  if (!recorded.to) return `has no result in ${to} any more`;
  if (reasons.length + results.length === 0) return `ran with the same in ${from} and ${to}`;
  return `differs between ${from} and ${to}${results.length === 0 ? ', and made the same' : ''}:`;
}
