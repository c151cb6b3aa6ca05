import { lstatSync } from 'node:fs';
import { conflictLine, oneSideHint } from '../../base/conflict-markers.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Stage } from '../definition/stage/stage.js';

/** Files of figures that git merges line by line. */
const MERGED = /\.(?:jsonl?|ya?ml|csv|tsv)$/i;
/** Nobody keeps a larger one in git for its figures. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A problem (`conflict-markers`) for every output that git holds and that a merge left unresolved. */
export function unmergedOutputs(root: AbsPath, stage: Stage): Problem[] {
  const held = stage.outs.filter((out) => !out.cache && MERGED.test(out.path));
  return held.flatMap(({ path }) => unmergedOutput(root, path, stage.name) ?? []);
}

/** What to do about an output that holds the markers of a merge; the figures of neither side are what the stage made. */
export function unmergedOutput(root: AbsPath, path: RepoPath, stage: string): Problem | undefined {
  const stat = lstatSync(fromRepoPath(root, path), { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_BYTES || !MERGED.test(path)) return undefined;
  const line = conflictLine(readTextIfThere(root, path) ?? '');
  if (line === undefined) return undefined;
  return {
    code: 'conflict-markers',
    message: `'${path}', an output of stage '${stage}', holds the markers of an unresolved git merge`,
    hint: unmergedHint(path, stage),
    location: { file: path, line, column: 1 },
  };
}

/** The ways out of a merge that left an output of a stage unresolved. */
export function unmergedHint(path: RepoPath, stage: string): string {
  return `Have the stage make it anew with 'ocrpipe repro --force ${stage}', or ${oneSideHint(path)}.`;
}
