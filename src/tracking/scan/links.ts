import { userError, type OcrpipeError } from '../../base/errors.js';
import { textOfBytes } from '../../base/byte-text.js';
import { type BytePath } from '../byte-path.js';
import { IGNORE_FILE } from '../ignore/ignore-rules.js';
import { refuseLoop } from './link-loop.js';

/**
 * Why a symbolic link may not stand at `path` (below a tracked directory, latin1) with this target, or undefined if it may:
 * a link is kept if it stays inside the directory whatever machine it is on. Its target may go up at its beginning only. There
 * every step is a real folder; behind a name, which may be a link itself, a step up would start from where that leads.
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target.startsWith('/') || /^[a-z]:[\\/]/i.test(target)) return 'its target is an absolute path';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const named = parts.findIndex((part) => part !== '..');
  const up = named === -1 ? parts.length : named;
  if (up > path.split('/').length - 1) return 'its target is outside the tracked directory';
  if (parts.includes('..', up))
    return "its target goes up again ('..') behind a name, and so could be outside the tracked directory";
  return undefined;
}

/** Refuses a link that may not be stored: `link-outside` for one that leaves the tracked directory, `link-loop` for one to itself. */
export function refuseLink(
  root: BytePath,
  path: BytePath,
  { below, target }: { below: string; target: string },
): void {
  const problem = linkProblem(below, target);
  if (problem !== undefined) throw linkOutside({ path, target }, problem);
  refuseLoop(root, path);
}

function linkOutside({ path, target }: { path: BytePath; target: string }, problem: string): OcrpipeError {
  const link = `a symbolic link to ${textOfBytes(target)}`;
  const message = `${textOfBytes(path)} is ${link}, which cannot be kept: ${problem}`;
  return userError('link-outside', message, {
    hint: `Put the file itself there, as 'ocrpipe add --follow' does, or leave it out in ${IGNORE_FILE}.`,
  });
}
