import { userError } from './errors.js';
import { shellQuote } from './shell-quote.js';

/** The line, from 1, of the first marker of an unresolved git merge; undefined if there is none. */
export function conflictLine(text: string): number | undefined {
  const match = /^(<{7} |={7}$|>{7} )/m.exec(text);
  // A row of seven '=' or '>' alone may be anything.
  if (!match || !/^<{7} /m.test(text)) return undefined;
  return text.slice(0, match.index).split('\n').length;
}

/** The words behind the first and the last marker: what is written anew keeps them. */
export function conflictLabels(text: string): { ours: string; theirs: string } {
  const behind = (marker: RegExp): string | undefined => marker.exec(text)?.[1]?.trim();
  return { ours: behind(/^<{7} (.+)$/m) ?? 'ours', theirs: behind(/^>{7} (.+)$/m) ?? 'theirs' };
}

/** How to resolve a merge by one of its sides. */
export function oneSideHint(file: string): string {
  const quoted = shellQuote(file);
  return `keep one side with 'git checkout --ours -- ${quoted}', or '--theirs', then 'git add ${quoted}'`;
}

/** How to resolve a merge in what ocrpipe writes: `named` is what `ocrpipe resolve` is told. */
export function resolveHint(named: string, file: string): string {
  const command = `ocrpipe resolve ${shellQuote(named)}`;
  return `'${command}' shows what both sides changed; '${command} --ours', or '--theirs', chooses; then 'git add ${shellQuote(file)}'.`;
}

/** Throws `conflict-markers` (exit code 2) with the place of the first one. */
export function refuseConflictMarkers(
  text: string,
  file: string,
  hint = `Resolve it: ${oneSideHint(file)}.`,
): void {
  const line = conflictLine(text);
  if (line === undefined) return;
  throw userError('conflict-markers', `${file} holds the markers of an unresolved git merge`, {
    location: { file, line, column: 1 },
    hint,
  });
}
