import { OcrpipeError } from '../../base/errors.js';
import { mergeTrees, type EntryConflict, type Favour, type Sides } from '../../store/merge-trees.js';
import type { ObjectReader } from '../../store/object-reader.js';
import type { NodeSink } from '../../store/tree-builder.js';
import { findPath } from '../../store/tree-reader.js';
import type { Snapshot } from '../workspace-files.js';
import { sameSnapshot } from './plain-pointer.js';

/** The pointers of one path; without `base`, both sides made one. */
export interface PointerSides {
  base?: Snapshot | undefined;
  ours: Snapshot;
  theirs: Snapshot;
}

/**
 * Why two pointers do not merge by themselves.
 * - `entries`: files of a directory that both sides changed
 * - `bytes`: a file that both changed, or a file here and a folder there
 * - `sources`: imported anew on both sides
 * - `output`: a stage made it on both sides, and what it made belongs together
 * - `absent`: directories whose listings are not here
 */
export type ConflictReason = 'entries' | 'bytes' | 'sources' | 'output' | 'absent';

export interface PointerConflict {
  reason: ConflictReason;
  /** Each side with all that merged by itself: they differ in what is to be chosen, and in nothing else. */
  ours: Snapshot;
  theirs: Snapshot;
  /** Of `entries`. */
  entries: readonly EntryConflict[];
}

export type MergedPointer = { merged: Snapshot } | { conflict: PointerConflict };

export interface PointerMergeHow {
  /** Where the listings are. */
  reader: ObjectReader;
  put: NodeSink;
  /** A stage makes it. */
  output: boolean;
}

/**
 * Merges what a path is to hold: directories file by file, a file by its bytes and its executable bit. A result that is that of one side keeps
 * where that was imported from. Nodes of new directories are put, those of both sides of a conflict as well.
 */
export function mergePointers(sides: PointerSides, how: PointerMergeHow): MergedPointer {
  const { base, ours, theirs } = sides;
  if (sameSnapshot(ours, theirs)) return mergeSources(sides);
  if (sameSnapshot(base, ours)) return { merged: theirs };
  if (sameSnapshot(base, theirs)) return { merged: ours };
  if (how.output) return conflictOf('output', sides);
  if (ours.source && theirs.source) return conflictOf('sources', sides);
  if (ours.kind === 'directory' && theirs.kind === 'directory') return mergeDirectories(sides, how);
  const file = mergeFiles(sides);
  return file ? { merged: file } : conflictOf('bytes', sides);
}

/** What stands in the place of a conflict where several bases are merged into one: what they came from. */
export function virtualPointer(sides: PointerSides, how: PointerMergeHow): Snapshot | undefined {
  const result = mergePointers(sides, how);
  if ('merged' in result) return result.merged;
  return result.conflict.reason === 'entries' ? mergedWith(sides, how, () => 'base').snapshot : sides.base;
}

/**
 * Goes on with a conflict whose sides differ in what is to be chosen alone; `base` only tells what was there before. `favour` says what is to stand for a file; it stays in conflict
 * where that is undefined.
 */
export function chooseEntries(
  { base, ours, theirs }: PointerSides,
  how: PointerMergeHow,
  favour: (entry: EntryConflict) => Favour | undefined,
): MergedPointer {
  const sides = { ours, theirs };
  const [left, right] = (['ours', 'theirs'] as const).map((side) =>
    mergedWith(sides, { ...how, everyDifference: true }, (entry) => favour(entry) ?? side),
  );
  const entries = right!.entries.filter((entry) => favour(entry) === undefined);
  if (entries.length === 0) return { merged: sourced(left!.snapshot, sides) };
  const [a, b] = [sourced(left!.snapshot, sides), sourced(right!.snapshot, sides)];
  const known = entries.map((entry) => ({ ...entry, ...baseOf(entry, base, how.reader) }));
  return { conflict: { reason: 'entries', ours: a, theirs: b, entries: known } };
}

function baseOf(
  { path }: EntryConflict,
  base: Snapshot | undefined,
  reader: ObjectReader,
): Pick<EntryConflict, 'base'> {
  if (base?.kind !== 'directory' || !reader.has('tree', base.id)) return {};
  try {
    const entry = findPath({ reader, id: base.id }, path);
    return entry ? { base: entry } : {};
  } catch (error) {
    if (error instanceof OcrpipeError) return {};
    throw error;
  }
}

function mergeDirectories(sides: PointerSides, how: PointerMergeHow): MergedPointer {
  try {
    const { snapshot, entries } = mergedWith(sides, how, () => 'ours');
    const ours = sourced(snapshot, sides);
    if (entries.length === 0) return { merged: ours };
    const other = mergedWith(sides, how, () => 'theirs');
    // A file in the place of a folder is in conflict only with what the other choice keeps in there.
    const all = new Map([...entries, ...other.entries].map((entry) => [entry.path, entry]));
    const inOrder = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      conflict: { reason: 'entries', ours, theirs: sourced(other.snapshot, sides), entries: inOrder },
    };
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return conflictOf('absent', sides);
    throw error;
  }
}

function mergedWith(
  sides: PointerSides,
  { reader, put, everyDifference }: PointerMergeHow & { everyDifference?: boolean },
  favour: (entry: EntryConflict) => Favour,
): { snapshot: Snapshot; entries: EntryConflict[] } {
  const treeOf = (snapshot: Snapshot | undefined) =>
    snapshot?.kind === 'directory' ? { reader, id: snapshot.id } : undefined;
  const trees = { base: treeOf(sides.base), ours: treeOf(sides.ours), theirs: treeOf(sides.theirs) };
  const { tree, conflicts } = mergeTrees(trees, {
    put,
    favour,
    ...(everyDifference && { everyDifference }),
  });
  const { id, bytes, files } = tree;
  return { snapshot: { id, kind: 'directory', size: bytes, files }, entries: conflicts };
}

function mergeFiles({ base, ours, theirs }: Sides<Snapshot>): Snapshot | undefined {
  if (base?.kind !== 'file' || ours?.kind !== 'file' || theirs?.kind !== 'file') return undefined;
  const bytes = base.id === ours.id ? theirs : base.id === theirs.id ? ours : undefined;
  if (!bytes && ours.id !== theirs.id) return undefined;
  const [was, left, right] = [base, ours, theirs].map(({ executable = false }) => executable);
  const { id, size } = bytes ?? ours;
  const executable = was === left ? right : left;
  return { id, kind: 'file', size, ...(executable === true && { executable }) };
}

function mergeSources({ base, ours, theirs }: PointerSides): MergedPointer {
  const [was, left, right] = [base, ours, theirs].map((each) => JSON.stringify(each?.source));
  if (left === right || was === right) return { merged: ours };
  return was === left ? { merged: theirs } : conflictOf('sources', { ours, theirs });
}

/** The bytes of one side keep where that side has them from. */
function sourced(snapshot: Snapshot, { ours, theirs }: PointerSides): Snapshot {
  return [ours, theirs].find((side) => sameSnapshot(side, snapshot)) ?? snapshot;
}

function conflictOf(reason: ConflictReason, { ours, theirs }: PointerSides): MergedPointer {
  return { conflict: { reason, ours, theirs, entries: [] } };
}
