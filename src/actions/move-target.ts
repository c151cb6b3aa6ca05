import { posix } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { outputsIn } from '../pipeline/definition/read/output-at.js';
import type { Workspace } from '../project/workspace.js';
import { PathIndex } from '../tracking/path-index.js';
import { hasPointer, refuseTakenPointer } from '../tracking/pointers/pointer-file.js';
import { sameSnapshot } from '../tracking/pointers/plain-pointer.js';
import { refuseLinks, refuseOwnFolders } from '../tracking/workspace-place.js';
import { refuseGitHeld, refuseIgnored, refuseOutput, refuseSteering } from './trackable.js';

/** A tracked path and where it goes. */
interface Move {
  from: RepoPath;
  to: RepoPath;
}

/**
 * Refuses places that tracked paths cannot be moved to, or at which something stands. What an earlier call that was killed, or
 * a plain `mv` of the files, left there is no hindrance.
 */
export async function refuseTargets(workspace: Workspace, moves: readonly Move[], call: Call): Promise<void> {
  const { root, files } = workspace;
  const targets = moves.map(({ to }) => to);
  const others = new PathIndex([...files.trackedPaths(), ...targets]);
  const outputs = outputsIn(root);
  const unfinished = files.unfinishedMoves();
  const seen = new Set<RepoPath>();
  for (const { from, to } of moves) {
    if (from === to) throw taken(from, 'that is where it is');
    if (seen.size === seen.add(to).size) throw taken(to, 'several of the paths would be there');
    refuseOwnFolders(to);
    refuseSteering(to);
    for (const path of [from, to]) refuseLinks(root, path, { end: true });
    refuseNoFolder(workspace, to);
    refuseOverlap(to, others);
    refuseOutput(outputs, to);
    await refuseTaken(workspace, { from, to }, { unfinished, call });
    refuseTakenPointer(root, to);
    refuseIgnored(root, to, files.pointer(from)?.kind === 'directory');
  }
  await refuseGitHeld(workspace, targets);
}

function taken(path: RepoPath, why: string) {
  return userError('path-exists', `nothing is moved to ${path}: ${why}`, {
    hint: 'Choose another name, or move what is there away first.',
  });
}

function refuseNoFolder({ root }: Workspace, to: RepoPath): void {
  const folder = posix.dirname(to) as RepoPath;
  if (lstatIfThere(fromRepoPath(root, folder))?.isDirectory() === true) return;
  throw userError('no-such-folder', `there is no folder ${folder} to move it to`, {
    hint: `Make it first: 'mkdir -p ${shellQuote(folder)}'.`,
  });
}

function refuseOverlap(to: RepoPath, others: PathIndex): void {
  const other = others.overlapping(to);
  if (other === undefined) return;
  const relation = to.startsWith(`${other}/`) ? 'inside' : 'around';
  throw userError(
    'path-overlaps',
    `${to} would be ${relation} ${other}, and a file can be tracked only once`,
    {
      hint: 'Choose a place beside it.',
    },
  );
}

async function refuseTaken(
  { root, files }: Workspace,
  { from, to }: Move,
  { unfinished, call }: { unfinished: readonly Move[]; call: Call },
): Promise<void> {
  const [here, there] = [from, to].map((path) => lstatIfThere(fromRepoPath(root, path)));
  const same = hasPointer(root, to) && sameSnapshot(files.pointer(to), files.pointer(from));
  if (hasPointer(root, to) && !same) throw taken(to, 'it is tracked already');
  if (there === undefined) return;
  if (here !== undefined) throw taken(to, same ? 'it is tracked already' : 'something is there');
  if (same || unfinished.some((move) => move.from === from && move.to === to)) return;
  // Nothing is at the old place: whoever moved the files by hand wants the rest to follow, if these are the files.
  const found = await files.snapshot(to, call);
  if (!sameSnapshot(found, files.pointer(from))) {
    throw taken(to, `something else is there than what ${from}.ocr points to`);
  }
}
