import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { diffTrees } from '../../store/tree-diff.js';
import { TreeBuilder, type NodeSink, type TreeSummary } from '../../store/tree-builder.js';
import type { TreeEntry } from '../../store/tree-format.js';
import { directoryIn, findPath, treeEntries, type TreeRef } from '../../store/tree-reader.js';
import { bytePath, type BytePath } from '../byte-path.js';
import type { Snapshot } from '../workspace-files.js';

/** A directory of which only parts are in the workspace. */
export interface PartlyThere {
  /** The whole directory, as it was when the parts were put there. */
  base: TreeRef;
  /** What stands in the workspace. */
  there: TreeRef | undefined;
  /** The parts, as paths below the directory (raw bytes). What is missing in them was deleted. */
  parts: readonly string[];
}

/**
 * The whole directory as it is with the edits that were made to the parts: inside of a part what stands there, outside of
 * them what stands there over what the base has. Entries of the base are taken as they are; their bytes need not be stored.
 * Throws `object-missing` where a folder of the base that has to be looked into is not known here.
 */
export function mergeParts({ base, there, parts }: PartlyThere, put: NodeSink): TreeSummary {
  const holders = new Set(parts.flatMap(foldersAbove));
  return mergeBelow({ base, there, parts: new Set(parts), holders }, put, '');
}

/** A folder of such a directory, seen from its top. */
interface Below extends Pick<PartlyThere, 'base' | 'there'> {
  parts: ReadonlySet<string>;
  /** Folders that hold parts. */
  holders: ReadonlySet<string>;
}

function mergeBelow(partly: Below, put: NodeSink, prefix: string): TreeSummary {
  const base = new Map([...treeEntries(partly.base)].map((entry) => [entry.name, entry]));
  const there = new Map(
    partly.there ? [...treeEntries(partly.there)].map((entry) => [entry.name, entry]) : [],
  );
  const builder = new TreeBuilder(put);
  for (const name of [...new Set([...base.keys(), ...there.keys()])].sort()) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const entry = mergeEntry({ path, old: base.get(name), now: there.get(name) }, partly, put);
    if (entry) builder.add(entry);
  }
  return builder.finish();
}

function mergeEntry(
  { path, old, now }: { path: string; old: TreeEntry | undefined; now: TreeEntry | undefined },
  partly: Below,
  put: NodeSink,
): TreeEntry | undefined {
  if (old === undefined || partly.parts.has(path)) return now;
  const holdsPart = partly.holders.has(path);
  if (old.kind !== 'directory' || (now ? now.kind !== 'directory' : !holdsPart)) return now ?? old;
  if (now?.kind === 'directory' && now.id === old.id) return old;
  const below: Below = {
    ...partly,
    base: directoryIn(partly.base, old),
    there: now?.kind === 'directory' ? directoryIn(partly.there!, now) : undefined,
  };
  const { id, files, bytes } = mergeBelow(below, put, path);
  return { kind: 'directory', name: old.name, id, files, bytes };
}

/** Adds parts to others; a part below another is not named. */
export function joinParts(parts: readonly string[], more: readonly string[]): string[] {
  const all = new Set([...parts, ...more]);
  return [...all].sort().filter((part) => !foldersAbove(part).some((folder) => all.has(folder)));
}

/** The folders that a path below a directory lies in, without that directory. */
export function foldersAbove(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_name, index) => names.slice(0, index + 1).join('/'));
}

/** True if an object that `tree` names and `base` does not name at the same place is not in the store. */
export function lacksNew(base: TreeRef, tree: TreeRef): boolean {
  try {
    for (const { new: now } of diffTrees(base, tree)) {
      if (now?.kind === 'file' && !tree.reader.has('blob', now.id)) return true;
    }
    return false;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return true;
    throw error;
  }
}

/** What a directory holds at a path below it (raw bytes). Links have no snapshot. */
export function snapshotWithin(tree: TreeRef, below: string): Snapshot | undefined {
  const entry = findPath(tree, below);
  if (entry === undefined || entry.kind === 'symlink') return undefined;
  if (entry.kind === 'directory') {
    return { id: entry.id, kind: 'directory', size: entry.bytes, files: entry.files };
  }
  return { id: entry.id, kind: 'file', size: entry.size, ...(entry.executable && { executable: true }) };
}

/** The same of several paths, without those that the directory does not hold. */
export function snapshotsWithin(tree: TreeRef, parts: readonly string[]): Map<string, Snapshot> {
  const found = parts.map((part) => [part, snapshotWithin(tree, part)] as const);
  return new Map(found.flatMap(([part, within]) => (within ? [[part, within]] : [])));
}

/** Those of `parts` that hold something else in `after` than in `before`. */
export function changedParts(
  parts: readonly string[],
  { reader, before, after }: { reader: ObjectReader; before: Snapshot; after: Snapshot },
): string[] {
  return parts.filter((part) => {
    const [old, now] = [before, after].map(({ id }) => findPath({ reader, id }, part));
    return JSON.stringify(old) !== JSON.stringify(now);
  });
}

/** Several parts can be of one version only. */
export function mixedVersions(path: RepoPath, wanted: readonly string[]) {
  const hint =
    wanted.length === 0
      ? `Bring the whole to one version: 'ocrpipe pull ${shellQuote(path)}'.`
      : `Bring all of them to one version: 'ocrpipe pull ${wanted.map(shellQuote).join(' ')}'.`;
  return userError(
    'mixed-versions',
    `${path} holds files of an earlier version: a part of it would be of another than the rest`,
    { hint },
  );
}

/** The part of `path` that is the path `place` of the workspace, as raw bytes. */
export function partOf(path: RepoPath, place: RepoPath): BytePath {
  return bytePath(place.slice(path.length + 1));
}

/** The path of the workspace that is a part of `path`; the names of parts are UTF-8. */
export function partPlace(path: RepoPath, part: string): RepoPath {
  return `${path}/${Buffer.from(part, 'latin1').toString('utf8')}` as RepoPath;
}
