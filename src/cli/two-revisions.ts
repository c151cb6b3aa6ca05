import { userError } from '../base/errors.js';

/** What `--between` was given: 'A B', 'A..B', or 'A' alone, which is compared with HEAD. Throws `not-two-revisions` for more. */
export function twoRevisions(typed: readonly string[]): { from: string; to: string } {
  const [from = 'HEAD', to = 'HEAD', ...more] =
    typed.length === 1 ? typed[0]!.split(/\.{2,3}/).map((name) => name || 'HEAD') : typed;
  if (more.length === 0) return { from, to };
  throw userError('not-two-revisions', `--between compares two commits, not ${typed.length}`, {
    hint: 'Name the stage first: ocrpipe why STAGE --between A B',
  });
}
