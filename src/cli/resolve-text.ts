import type { ResolvedPointer, ResolveResult } from '../actions/resolve/resolve.js';
import { shellQuote } from '../base/shell-quote.js';
import { toCommitLines } from './to-commit-text.js';

/** More files of one directory are not all shown; `--json` has them. */
const MOST_SHOWN = 30;

/** What was resolved, what is still to be chosen, and what to type. */
export function resolveText(result: ResolveResult): string {
  const { merge, pointers, stages, deleted } = result;
  const open = [...pointers, ...stages].filter(({ state }) => state === 'open');
  if (pointers.length + stages.length + deleted.length === 0) return 'Nothing of ocrpipe is in conflict.';
  const lines = [
    ...stages.flatMap(({ name, state, missing }) => [
      `stage ${name}: ${state === 'open' ? 'both sides ran it' : 'chosen'}`,
      ...missing.map(
        (path) =>
          `  ${path} is not as that side made it, and was not found: 'ocrpipe repro --force ${name}' makes it anew`,
      ),
    ]),
    ...pointers.flatMap(pointerLines),
    ...deleted.map(({ path, deletedBy }) => {
      const file = shellQuote(`${path}.ocr`);
      return `${path}: deleted in ${deletedBy}, changed in the other; 'git rm ${file}' lets it go, 'git add ${file}' keeps it`;
    }),
    ...(open.length === 0 || merge === undefined
      ? []
      : ['', `ours:   ${merge.ours.words}`, `theirs: ${merge.theirs.words}`]),
    ...(open.length === 0 ? [] : ['', howTo(result)]),
    ...(result.toCommit.length === 0 ? [] : ['', ...toCommitLines(result.toCommit), afterwards(result)]),
  ];
  return lines.join('\n');
}

function pointerLines({ path, state, reason, files, stage }: ResolvedPointer): string[] {
  if (state !== 'open') return [`${path}: ${state === 'merged' ? 'merged by itself' : 'chosen'}`];
  const shown = files.slice(0, MOST_SHOWN).map((file) => `  ${file}`);
  const more = files.length > MOST_SHOWN ? [`  and ${files.length - MOST_SHOWN} more`] : [];
  return [`${path}: ${reasonText(path, reason, stage)}`, ...shown, ...more];
}

function reasonText(path: string, reason: ResolvedPointer['reason'], stage: string | undefined): string {
  switch (reason) {
    case 'entries':
      return 'merged, but for these files';
    case 'sources':
      return 'imported anew on both sides';
    case 'output':
      return `made by stage ${stage ?? '?'} on both sides`;
    case 'absent':
      return `not merged: the listings of its files are neither here nor on a remote within reach. Once whoever has the other side has run 'ocrpipe push', run this again; or take one side as a whole: 'git checkout --ours -- ${shellQuote(`${path}.ocr`)}', or '--theirs'`;
    case 'bytes':
    case undefined:
      return 'changed on both sides';
  }
}

function howTo({ pointers, stages }: ResolveResult): string {
  const stage = stages.find(({ state }) => state === 'open')?.name;
  const pointer = pointers.find(
    ({ state, reason }) => state === 'open' && reason !== 'output' && reason !== 'absent',
  );
  const name = stage ?? pointer?.path;
  if (name === undefined) return "Choose with 'git checkout --ours' or '--theirs' as said above.";
  const union = pointer?.reason === 'entries' ? ", or '--union' to keep both versions of each file" : '';
  const each =
    pointer?.reason === 'entries'
      ? `; one file by itself: 'ocrpipe resolve ${shellQuote(`${pointer.path}/${fileOf(pointer.files[0])}`)} --theirs'`
      : '';
  return `Choose with 'ocrpipe resolve ${shellQuote(name)} --ours' or '--theirs'${union}${each}.`;
}

function fileOf(described = ''): string {
  return described.slice(0, described.lastIndexOf(': '));
}

/** A stage whose inputs are neither side's runs again. */
function afterwards({ stages, pointers }: ResolveResult): string {
  const put =
    pointers.length > 0
      ? "'ocrpipe checkout' (or 'pull', for what is not here) then puts the files in place"
      : '';
  const run = stages.some(({ state }) => state === 'chosen')
    ? "'ocrpipe repro' runs what is stale after the merge"
    : '';
  return [put, run]
    .filter((part) => part !== '')
    .join(', and ')
    .concat('.');
}
