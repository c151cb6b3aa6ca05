import { OcrpipeError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import type { ObjectReader } from '../../store/object-reader.js';
import type { NodeSink } from '../../store/tree-builder.js';
import { findPath } from '../../store/tree-reader.js';
import type { Remembered } from '../pointers/last-put.js';
import {
  changedParts,
  foldersAbove,
  mergeParts,
  mixedVersions,
  partPlace,
  snapshotWithin,
} from './partial.js';
import { sameSnapshot } from '../pointers/plain-pointer.js';
import type { NodeMemory } from '../scan/sinks.js';
import type { Snapshot } from '../workspace-files.js';

/** Parts that are to be put into a directory that is there. */
interface WantedParts {
  reader: ObjectReader;
  path: RepoPath;
  snapshot: Snapshot;
  wanted: readonly string[];
}

/**
 * What is remembered of a directory before parts of it are put there; `parts` is undefined if all of it is there. Refuses, with
 * `mixed-versions`, to leave files of an earlier version beside them.
 */
export function memoryForParts(
  { reader, path, snapshot, wanted }: WantedParts,
  memory: Remembered,
): Remembered {
  const { put, parts } = memory;
  if (put === undefined) return { ...memory, parts: parts ?? [] };
  if (sameSnapshot(put, snapshot)) return memory;
  if (parts === undefined) throw mixedVersions(path, []);
  const again = new Set(wanted);
  const others = parts.filter((part) => ![part, ...foldersAbove(part)].some((each) => again.has(each)));
  const changed = changedParts(others, { reader, before: put, after: snapshot });
  if (changed.length === 0) return memory;
  throw mixedVersions(
    path,
    [...wanted, ...changed].map((part) => partPlace(path, part)),
  );
}

/** What is remembered of a directory, seen from a part of it. */
export function rememberedWithin(reader: ObjectReader, { put, begun }: Remembered, part: string): Remembered {
  const inside = (whole: Snapshot | undefined) =>
    whole?.kind === 'directory' && reader.has('tree', whole.id)
      ? snapshotWithin({ reader, id: whole.id }, part)
      : undefined;
  const [putInside, begunInside] = [inside(put), inside(begun)];
  return { ...(putInside && { put: putInside }), ...(begunInside && { begun: begunInside }) };
}

/**
 * Of a directory that is only partly there: the whole with the edits to its parts, its nodes handed to `put`. Anything else is
 * as it was found. Throws `object-missing` if the store has lost the listing of the rest.
 */
export function wholeOf(
  store: ObjectReader,
  { put: lastPut, begun, parts }: Remembered,
  { found, nodes, put }: { found: Snapshot | undefined; nodes: NodeMemory; put: NodeSink },
): Snapshot | undefined {
  const base = lastPut ?? begun;
  if (parts === undefined || found?.kind !== 'directory' || base?.kind !== 'directory') return found;
  const there = { reader: nodes, id: found.id };
  // Of a checkout that did not end, a part that is not there at all has not come yet: nobody deleted it.
  const come = begun === undefined ? parts : parts.filter((part) => findPath(there, part) !== undefined);
  const whole = { base: { reader: store, id: base.id }, there, parts: come };
  const { id, files, bytes } = mergeParts(whole, put);
  return { id, kind: 'directory', size: bytes, files };
}

/** The same in memory only; undefined, as if nothing were there, if the store has lost the listing of the rest. */
export function wholeIfKnown(
  store: ObjectReader,
  memory: Remembered,
  { found, nodes }: { found: Snapshot | undefined; nodes: NodeMemory },
): Snapshot | undefined {
  try {
    return wholeOf(store, memory, { found, nodes, put: nodes.sink });
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return undefined;
    throw error;
  }
}

/** Reads nodes from memory where it has them, and everything else from the store. */
export function withStore(nodes: NodeMemory, store: ObjectReader): ObjectReader {
  return {
    has: (kind, id, size) => nodes.has(kind, id) || store.has(kind, id, size),
    read: (kind, id) => (nodes.has(kind, id) ? nodes : store).read(kind, id),
  };
}
