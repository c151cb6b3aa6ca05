import { userError } from '../base/errors.js';
import type { ContentId } from '../base/content-id.js';
import { suggest } from '../base/nearest.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { LOCK_FILE } from '../pipeline/definition/stage/file-names.js';
import { StageNames } from '../pipeline/definition/stage/stage-names.js';
import { parseLockFile, type LockEntry, type LockFile } from '../pipeline/records/lock-file.js';
import { readIfThere } from '../pipeline/staleness/load.js';
import type { Workspace } from '../project/workspace.js';
import { utf8Beginning } from '../tracking/byte-path.js';
import { isPattern } from '../tracking/path-pattern.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { nothingMatches, pathsMeant, type TypedPattern } from './matching-targets.js';

/** A tracked path that is meant, or the part of it that is. */
export interface TargetPath {
  path: RepoPath;
  snapshot: Snapshot;
  /** Path below a tracked directory, if only that is meant. */
  below?: string;
  /** Of a tracked directory only what this means: parts that only its listing tells. */
  pattern?: TypedPattern;
  /** For people, if it is not the path itself: 'data/raw (in commit 1a2b3c4d5e)'. */
  name?: string;
}

/** What a push or a pull is about. */
export interface Targets {
  paths: readonly TargetPath[];
  /** Entries of pipeline.lock whose run records and small outputs go along. */
  entries: readonly LockEntry[];
}

/**
 * What the typed targets mean: tracked paths, folders above or paths below them (names that are not UTF-8 as they are shown,
 * with `\xhh`), patterns of such paths, names of stages, of groups of instances, and patterns of them. None means everything.
 * Throws `nothing-tracked` (exit code 2) for a target that is none of these.
 */
export function chooseTargets(workspace: Workspace, typed: readonly string[]): Targets {
  const tracked = workspace.files.trackedPaths();
  const lock = lockOf(workspace);
  if (typed.length === 0) return { paths: workspace.files.pointers(), entries: [...lock.values()] };
  const known: Known = { tracked, lock, stages: new StageNames([...lock.keys()]) };
  const chosen = typed.map((target) => chooseOne(workspace, known, target));
  return {
    paths: widest(chosen.flatMap(({ paths }) => paths)),
    entries: [...new Set(chosen.flatMap(({ entries }) => entries))],
  };
}

/** The entries of pipeline.lock. */
export function lockedEntries(workspace: Workspace): LockEntry[] {
  return [...lockOf(workspace).values()];
}

/** What stages last ran with. Throws what `parseLockFile` throws. */
export function lockOf({ root }: Workspace): LockFile {
  return parseLockFile(readIfThere(root, LOCK_FILE) ?? '');
}

interface Known {
  tracked: readonly RepoPath[];
  lock: LockFile;
  /** Those of the lock. */
  stages: StageNames;
}

function chooseOne(workspace: Workspace, known: Known, target: string): Targets {
  const stages = known.stages.named(target, workspace.path('.'));
  if (stages !== undefined) {
    const entries = stages.map((name) => known.lock.get(name)!);
    const outs = new Set(entries.flatMap((entry) => entry.outs.map(({ path }) => path)));
    return {
      paths: pointed(
        workspace,
        known.tracked.filter((path) => outs.has(path)),
      ),
      entries,
    };
  }
  const path = workspace.path(target);
  const within = pointed(
    workspace,
    known.tracked.filter((one) => isWithin(one, path)),
  );
  if (within.length > 0) return { paths: within, entries: entriesOf(known.lock, within) };
  if (isPattern(path)) return choosePattern(workspace, known, { path, typed: target });
  const [above] = pointed(
    workspace,
    known.tracked.filter((one) => isWithin(path, one)),
  );
  if (above?.snapshot.kind === 'directory') {
    // Of what lies behind a name that is not UTF-8, the folder above that name is meant.
    const below = utf8Beginning(path.slice(above.path.length + 1));
    return { paths: [below === '' ? above : { ...above, below }], entries: [] };
  }
  throw userError('nothing-tracked', `'${target}' is neither tracked nor a stage that has run`, {
    hint: suggest(target, [...known.tracked, ...known.lock.keys()]),
  });
}

function choosePattern(
  workspace: Workspace,
  { tracked, lock }: Known,
  { path, typed }: { path: RepoPath; typed: string },
): Targets {
  const { wholes, inside } = pathsMeant(tracked, path);
  const below = new Map(inside.map((each) => [each.path, each.below]));
  const whole = pointed(workspace, wholes);
  const hasOthers = whole.length > 0;
  const parts = pointed(workspace, [...below.keys()])
    .filter(({ snapshot }) => snapshot.kind === 'directory')
    .map((each) => ({ ...each, pattern: { below: below.get(each.path)!, typed, hasOthers } }));
  if (whole.length + parts.length === 0) throw nothingMatches(typed);
  return { paths: [...whole, ...parts], entries: entriesOf(lock, whole) };
}

/** Reads the pointers of exactly these paths: a broken one elsewhere is in nobody's way. */
function pointed({ files }: Workspace, paths: readonly RepoPath[]): TargetPath[] {
  return paths.flatMap((path) => {
    const snapshot = files.pointer(path);
    return snapshot ? [{ path, snapshot }] : [];
  });
}

/** The stages that made one of these paths. */
function entriesOf(lock: LockFile, paths: readonly TargetPath[]): LockEntry[] {
  const wanted = new Set(paths.map(({ path }) => path));
  return [...lock.values()].filter(({ outs }) => outs.some(({ path }) => wanted.has(path)));
}

/** Each path once, and no part of a path that is meant as a whole. */
function widest(paths: readonly TargetPath[]): TargetPath[] {
  const isWhole = ({ below, pattern }: TargetPath): boolean => below === undefined && pattern === undefined;
  const whole = new Set(paths.filter(isWhole).map(({ path }) => path));
  const seen = new Set<string>();
  return paths.filter((target) => {
    const { path, below, pattern } = target;
    const name = below === undefined ? `${path}${pattern ? ` ${pattern.typed}` : ''}` : `${path}/${below}`;
    if (seen.has(name) || (!isWhole(target) && whole.has(path))) return false;
    seen.add(name);
    return true;
  });
}

/** Something that goes along with a stage: its outputs, and the listings by which it is told later what changed. */
export interface Companion {
  id: ContentId;
  kind: 'blob' | 'tree' | 'listing';
  name: string;
  optional: true;
}

export function companionsOf(entries: readonly Pick<LockEntry, 'deps' | 'outs'>[]): Companion[] {
  return entries.flatMap(({ deps, outs }) => [
    ...outs.map(({ id, kind, path }): Companion => {
      return { id, kind: kind === 'directory' ? 'tree' : 'blob', name: path, optional: true };
    }),
    ...deps
      .filter(({ kind }) => kind === 'directory')
      .map(({ id, path }): Companion => ({ id, kind: 'listing', name: path, optional: true })),
  ]);
}

/** How a target is called in messages. */
export function targetName({ path, name = path }: TargetPath): string {
  return name;
}

/** The stored form of a snapshot's kind. */
export function rootKind(snapshot: Snapshot): 'blob' | 'tree' {
  return snapshot.kind === 'directory' ? 'tree' : 'blob';
}
