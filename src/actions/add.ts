import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { conflictLine } from '../base/conflict-markers.js';
import { userError, type OcrpipeError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { nearestName } from '../base/nearest.js';
import { fromRepoPath, repoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { readTextIfThere } from '../base/read-text.js';
import { shellQuote } from '../base/shell-quote.js';
import { outputsIn } from '../pipeline/definition/read/output-at.js';
import { Workspace } from '../project/workspace.js';
import { hasPointer, readSoundPointer, refuseTakenPointer } from '../tracking/pointers/pointer-file.js';
import {
  keepingSource,
  pathOfPointer,
  pointerPathOf,
  pointerText,
} from '../tracking/pointers/plain-pointer.js';
import { StoreLinks } from '../tracking/scan/store-links.js';
import type { PointedPath, Snapshot } from '../tracking/workspace-files.js';
import { PathIndex } from '../tracking/path-index.js';
import { followLinks, type FollowedLink } from '../tracking/follow-links.js';
import { leftOutFiles } from './left-out-files.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';
import { refuseGitHeld, refuseIgnored, refuseOutput, refuseSteering } from './trackable.js';
import { linkInPlaceHint, linksRefused, refuseOwnFolders } from '../tracking/workspace-place.js';

export interface AddInput {
  /** As they were typed. */
  paths: readonly string[];
  /** Links that cannot be kept are replaced by copies of what they lead to, and that is tracked. */
  follow?: boolean;
}

export interface AddedPath extends Snapshot {
  path: RepoPath;
  /** What the pointer named before; absent if it is new. */
  old?: ContentId;
  /** False if the pointer named this already. */
  changed: boolean;
}

export interface AddResult extends ToCommit {
  added: readonly AddedPath[];
  /** Links that gave way to what they led to. */
  followed: readonly FollowedLink[];
  /** True if git holds the workspace, and so the pointers. */
  git: boolean;
}

/**
 * Tracks files and folders: their bytes go into the store, then `.gitignore` and pointer are written. Every path is
 * checked, and every byte stored, before the first pointer changes.
 */
export async function add(input: AddInput, call: Call): Promise<AddResult> {
  const workspace = Workspace.open(call, 'ocrpipe add');
  try {
    await workspace.useStore();
    const paths = [...new Set(input.paths.map((typed) => workspace.path(typed)))];
    const storeLinks = new StoreLinks(workspace.store, workspace.root);
    await refuseUntrackable(workspace, paths, { storeLinks, ...input });
    const followed: FollowedLink[] = [];
    for (const path of input.follow === true ? paths : []) {
      followed.push(...(await followLinks({ root: workspace.root, storeLinks }, path, call)));
    }
    const snapshots: PointedPath[] = [];
    for (const [index, snapshot] of (await workspace.files.storeAll(paths, call)).entries()) {
      const path = paths[index]!;
      if (snapshot === undefined) throw nothingThere(workspace.root, path);
      snapshots.push({ path, snapshot });
    }
    const added = await point(workspace, snapshots, call);
    const { git, root } = workspace;
    const written = await toCommit({ git, root, cwd: call.cwd }, paths.flatMap(pointerFiles));
    return { added, followed, git: git !== undefined, ...written };
  } finally {
    workspace.close();
  }
}

/** Writes the pointers, and says what each named before. With `elsewhere` a remote has what they name. */
export async function point(
  workspace: Workspace,
  snapshots: readonly PointedPath[],
  call: Call & { elsewhere?: boolean },
): Promise<AddedPath[]> {
  const added: AddedPath[] = [];
  const warnings: Warning[] = [];
  for (const { path, snapshot } of snapshots) {
    const before = readSoundPointer(workspace.root, path);
    // Once the pointer is written, nothing tells any more what never came.
    if (before === undefined) warnings.push(...droppedConflict(workspace, path));
    const leftOut = before && (await leftOutFiles(workspace, { path, before, snapshot }));
    if (leftOut !== undefined) warnings.push({ code: 'files-left-out', message: leftOut });
    const changed = !before || pointerText(before) !== pointerText(keepingSource(before, snapshot));
    added.push({ path, ...snapshot, ...(before && { old: before.id }), changed });
  }
  await workspace.files.writePointers(snapshots, call);
  for (const warning of warnings) call.events({ type: 'note', level: 'warning', ...warning });
  return added;
}

interface Warning {
  code: string;
  message: string;
}

/** A pointer in conflict gives way to what stands in the workspace, which the other side of the merge is not part of. */
function droppedConflict({ root }: Workspace, path: RepoPath): Warning[] {
  const file = pointerPathOf(path);
  if (!hasPointer(root, path) || conflictLine(readTextIfThere(root, file) ?? '') === undefined) return [];
  const back = `'git checkout --merge -- ${shellQuote(file)}' brings the conflict back, 'ocrpipe resolve ${shellQuote(path)}' merges both sides`;
  return [
    {
      code: 'conflict-dropped',
      message: `${file} was in conflict: it names what is here now, without what only the other side has; ${back}`,
    },
  ];
}

/** Refuses what is no place for data, before anything is read. */
export async function refuseUntrackable(
  workspace: Workspace,
  paths: readonly RepoPath[],
  { storeLinks, follow = false }: { storeLinks: StoreLinks; follow?: boolean },
): Promise<void> {
  // Before pipeline.yaml is read: it may be one of them.
  for (const path of paths) {
    refuseOwnFolders(path);
    refuseSteering(path);
  }
  const outputs = outputsIn(workspace.root);
  const others = new PathIndex([...workspace.files.trackedPaths(), ...paths]);
  const hint = (path: RepoPath) => (hasPointer(workspace.root, path) ? linkInPlaceHint(path) : undefined);
  const refuseLinks = linksRefused(workspace.root, { end: !follow, storeLinks, hint });
  for (const path of paths) {
    refuseLinks(path);
    const other = others.overlapping(path);
    if (other !== undefined) throw overlaps(path, other);
    refuseByKind(workspace, path);
    refuseTakenPointer(workspace.root, path);
    refuseOutput(outputs, path);
  }
  await refuseGitHeld(workspace, paths);
}

function refuseByKind(workspace: Workspace, path: RepoPath): void {
  const stat = lstatIfThere(fromRepoPath(workspace.root, path));
  if (stat === undefined) throw nothingThere(workspace.root, path);
  const target = pathOfPointer(path);
  if (target !== undefined && hasPointer(workspace.root, target)) {
    throw userError('path-not-trackable', `${path} is a pointer`, {
      hint: `Name what it points to: 'ocrpipe add ${shellQuote(target)}'.`,
    });
  }
  refuseIgnored(workspace.root, path, stat.isDirectory());
}

/** `no-such-path`, with what was likely meant. */
export function nothingThere(root: AbsPath, path: RepoPath): OcrpipeError {
  return userError('no-such-path', `there is nothing at ${path}`, { hint: otherwise(root, path) });
}

/** What may be meant by a path where nothing is. */
function otherwise(root: AbsPath, path: RepoPath): string {
  const quoted = shellQuote(path);
  if (hasPointer(root, path))
    return `'ocrpipe checkout ${quoted}' or 'ocrpipe pull ${quoted}' puts it there.`;
  if (/\\x[0-9a-f]{2}|\uFFFD/.test(path)) {
    return 'A name that is not UTF-8 cannot be tracked by itself: rename it, or track the folder that it is in.';
  }
  const folder = posix.dirname(path);
  const near = nearestName(posix.basename(path), namesIn(fromRepoPath(root, repoPath(folder))));
  return near === undefined ? 'Check the name.' : `Did you mean ${shellQuote(posix.join(folder, near))}?`;
}

function namesIn(folder: string): string[] {
  return lstatIfThere(folder)?.isDirectory() === true ? readdirSync(folder) : [];
}

function overlaps(path: RepoPath, other: RepoPath) {
  const relation = path.startsWith(`${other}/`) ? 'inside' : 'around';
  return userError('path-overlaps', `${path} is ${relation} ${other}, and a file can be tracked only once`, {
    hint:
      relation === 'inside'
        ? `Add the whole: 'ocrpipe add ${shellQuote(other)}'.`
        : `Choose other folders, or remove the pointer ${pointerPathOf(other)} first.`,
  });
}
