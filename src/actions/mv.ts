import { posix } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { fromRepoPath, isWithin, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { Workspace } from '../project/workspace.js';
import { pathOfPointer, sameSnapshot } from '../tracking/pointers/plain-pointer.js';
import { hasRulesAbove } from '../tracking/ignore/rules-above.js';
import { namedTracked, searchedIn, type Doing, type Searched } from './named-tracked.js';
import { refuseTargets } from './move-target.js';
import { stageReaders, type StageReader } from './stage-readers.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface MvInput {
  /** As they were typed: one tracked path or more, then where they go. */
  paths: readonly string[];
}

/** A tracked path and where it goes. */
export interface Move {
  from: RepoPath;
  to: RepoPath;
}

export interface MvResult extends ToCommit {
  moved: readonly Move[];
  /** Stages that read what is not there any more. */
  readers: readonly (StageReader & { now: string })[];
  /** Moved paths of which ignore rules leave out other files than before. */
  otherwiseIgnored: readonly RepoPath[];
  /** True if git holds the workspace, and so the pointers. */
  git: boolean;
}

const DOING: Doing = {
  command: 'ocrpipe mv',
  part: (path) => `Move it with 'mv ${path} …'`,
  git: 'git mv',
};

/**
 * Moves tracked paths with their pointers and ignore entries: to a new name, or into a folder. All are checked before the first
 * is moved. One that was killed is finished by the same call.
 */
export async function mv(input: MvInput, call: Call): Promise<MvResult> {
  const workspace = Workspace.open(call, 'ocrpipe mv');
  try {
    const moves = await planMoves(workspace, input.paths, call);
    await refuseTargets(workspace, moves, call);
    const readers = readersOf(workspace, moves);
    const otherwiseIgnored = await moveAll(workspace, moves, call);
    const { git, root } = workspace;
    const files = moves.flatMap(({ from, to }) => [...pointerFiles(from), ...pointerFiles(to)]);
    const written = await toCommit({ git, root, cwd: call.cwd }, files);
    return { moved: moves, readers, otherwiseIgnored, git: git !== undefined, ...written };
  } finally {
    workspace.close();
  }
}

async function planMoves(workspace: Workspace, paths: readonly string[], call: Call): Promise<Move[]> {
  const typed = paths.slice(0, -1);
  const target = paths.at(-1);
  if (target === undefined || typed.length === 0) {
    throw userError('missing-argument', "'ocrpipe mv' needs a tracked path and where it goes", {
      hint: "Usage: ocrpipe mv SRC… DST ('ocrpipe mv --help' says more).",
    });
  }
  const sources = new Map<RepoPath, RepoPath>();
  const searched = searchedIn(workspace);
  for (const each of typed) {
    const path = workspace.path(each);
    sources.set(await oneTracked(searched, path), path);
  }
  const several = sources.size > 1;
  const unfinished = workspace.files.unfinishedMoves();
  const moves: Move[] = [];
  for (const [from, named] of sources) {
    const source = { from, byPointer: named !== from, several };
    moves.push({ from, to: await placeFor(workspace, source, { typed: target, unfinished, call }) });
  }
  return moves;
}

async function oneTracked(searched: Searched, path: RepoPath): Promise<RepoPath> {
  const found = await namedTracked(searched, path, DOING);
  const [first] = found;
  if (first !== undefined && (first === path || !isWithin(first, path))) return first;
  const words = found.map(shellQuote).join(' ');
  throw userError('folder-not-recursive', `${path} is a folder, and only what is tracked in it is moved`, {
    hint: `Move what it tracks: 'ocrpipe mv ${words} FOLDER/', and the rest with 'git mv'.`,
  });
}

/** Where a path goes: into a folder that is there, unless an earlier call put it there under that name, or to a new name. */
async function placeFor(
  workspace: Workspace,
  { from, byPointer, several }: { from: RepoPath; byPointer: boolean; several: boolean },
  { typed, unfinished, call }: { typed: string; unfinished: readonly Move[]; call: Call },
): Promise<RepoPath> {
  const named = workspace.path(typed);
  const path = byPointer ? (pathOfPointer(named) ?? named) : named;
  if (!several && unfinished.some((move) => move.from === from && move.to === path)) return path;
  const there = lstatIfThere(fromRepoPath(workspace.root, path));
  if (there?.isDirectory() === true && !(await isMoved(workspace, { from, to: path }, call))) {
    return posix.join(path, posix.basename(from)) as RepoPath;
  }
  if (!several && !typed.endsWith('/')) return path;
  throw userError('no-such-folder', `there is no folder ${path}`, {
    hint: `Make it first: 'mkdir -p ${shellQuote(path)}'.`,
  });
}

/** True if nothing is at the old place, and the folder at the new one is what stood there: an earlier call, or `mv`, moved it. */
async function isMoved({ root, files }: Workspace, { from, to }: Move, call: Call): Promise<boolean> {
  const gone = lstatIfThere(fromRepoPath(root, from)) === undefined;
  const pointer = files.pointer(from);
  if (!gone || pointer?.kind !== 'directory' || from === to || to === '.') return false;
  return sameSnapshot(files.pointer(to) ?? (await files.snapshot(to, call)), pointer);
}

function readersOf(workspace: Workspace, moves: readonly Move[]): (StageReader & { now: string })[] {
  const readersOfPath = stageReaders(workspace);
  return moves.flatMap(({ from, to }) =>
    readersOfPath(from).map((reader) => ({ ...reader, now: to + reader.path.slice(from.length) })),
  );
}

/** Returns the new places of those of which other files are left out there than at the old one. */
async function moveAll({ files, root }: Workspace, moves: readonly Move[], call: Call): Promise<RepoPath[]> {
  const before = new Map<RepoPath, string>();
  for (const { from, to } of moves) {
    const mayDiffer = hasRulesAbove(root, from) || hasRulesAbove(root, to);
    const found = mayDiffer ? await files.snapshot(from, call) : undefined;
    if (found?.kind === 'directory') before.set(to, found.id);
  }
  await files.move(moves, call);
  const differing: RepoPath[] = [];
  for (const [to, id] of before) {
    if ((await files.snapshot(to, call))?.id !== id) differing.push(to);
  }
  return differing;
}
