import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { pointerPathOf } from '../../tracking/pointers/plain-pointer.js';
import type { PipelineHost } from '../host.js';

/**
 * How to return to what git's pointer of a tracked path names, once the pointer is another; '' if git has none. Worded for
 * the end of a sentence.
 */
export async function wayBack(host: Pick<PipelineHost, 'inGit'>, path: RepoPath): Promise<string> {
  const pointer = pointerPathOf(path);
  if ((await host.inGit([pointer])).length === 0) return '';
  return `; to go back: 'git checkout -- ${shellQuote(pointer)} && ocrpipe checkout ${shellQuote(path)}'`;
}
