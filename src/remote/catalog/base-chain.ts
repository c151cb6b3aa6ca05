import { isContentId, type ContentId } from '../../base/content-id.js';
import { canonicalJson } from '../../base/canonical-json.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { FOLDERS } from '../../store/format.js';

/**
 * `packs/base-<10 digits>.json`: the linear chain of bases. Base n says which catalogs hold everything up to it (`parts`),
 * which catalogs those replace (`covered`), and which keys are on their way out (`condemned`, then `deleted`). Only the highest
 * counts, and only a base replaces catalogs.
 */
export interface Base {
  n: number;
  /** The remote's clock, ISO 8601 in UTC. */
  created: string;
  parts: readonly ContentId[];
  covered: readonly ContentId[];
  condemned: readonly Condemned[];
  /** What a collection of garbage left to say; empty, 0 and false where none ever ran. */
  collection: Collection;
}

/** A key that nobody relies on any more though it can be read, and when (ISO 8601, the remote's clock) it may be deleted. */
export interface Condemned {
  key: string;
  deleteAfter: string;
}

/** A key that was deleted or is being deleted; its name is not used again before `until` (ISO 8601, the remote's clock). */
export interface Deleted {
  key: string;
  until: string;
}

export interface Collection {
  /** The number of the last base that condemned or deleted something: catalogs whose writers had not seen it prove no tree whole. */
  collected: number;
  /** Catalogs that say what is in condemned files, so that it is still found. They prove no tree whole. */
  leaving: readonly ContentId[];
  deleted: readonly Deleted[];
  /** True if something was found to be missing below a tree that is there. */
  incomplete: boolean;
}

export const NO_COLLECTION: Collection = { collected: 0, leaving: [], deleted: [], incomplete: false };

/** Longest base that is read, in bytes: room for a million names. */
export const MAX_BASE_BYTES = 128 * 1024 * 1024;

export function baseKey(n: number): string {
  return `${FOLDERS.packs}/base-${String(n).padStart(10, '0')}.json`;
}

/** The number of the base that a key names, or undefined if it is none. */
export function baseOfKey(key: string): number | undefined {
  const digits = /^packs\/base-(\d{10})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What says nothing is left out. */
export function encodeBase(base: Base): Buffer {
  const { n, created, parts, covered } = base;
  const condemned = base.condemned.map(({ key, deleteAfter }) => ({ key, deleteAfter }));
  const { collected, leaving, incomplete } = base.collection;
  const deleted = base.collection.deleted.map(({ key, until }) => ({ key, until }));
  return Buffer.from(
    canonicalJson({
      ...{ n, created, parts, covered, condemned },
      ...(collected > 0 && { collected }),
      ...(leaving.length > 0 && { leaving }),
      ...(deleted.length > 0 && { deleted }),
      ...(incomplete && { incomplete }),
    }),
  );
}

/** Reads base `n`. Throws `base-damaged` for anything else than that, `base-unknown` for an unknown key. */
export function decodeBase(bytes: Buffer, n: number, where: string): Base {
  const value = parse(bytes, where);
  const { n: number, created, parts, covered, condemned, ...others } = value;
  const { collected = 0, leaving = [], deleted = [], incomplete = false, ...rest } = others;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) {
    throw userError('base-unknown', `${where} has the key '${extra}', which this ocrpipe does not know`, {
      hint: 'Use a newer ocrpipe for this remote.',
    });
  }
  if (number !== n || typeof created !== 'string') throw baseDamaged(where);
  if (typeof collected !== 'number' || typeof incomplete !== 'boolean') throw baseDamaged(where);
  return {
    n,
    created,
    parts: idsOf(parts, where),
    covered: idsOf(covered, where),
    condemned: timedOf(condemned, 'deleteAfter', where).map(({ key, time }) => ({ key, deleteAfter: time })),
    collection: {
      ...{ collected, incomplete },
      leaving: idsOf(leaving, where),
      deleted: timedOf(deleted, 'until', where).map(({ key, time }) => ({ key, until: time })),
    },
  };
}

function parse(bytes: Buffer, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw baseDamaged(where);
  }
  if (typeof value !== 'object' || value === null) throw baseDamaged(where);
  return value as Record<string, unknown>;
}

function idsOf(value: unknown, where: string): ContentId[] {
  if (!Array.isArray(value) || !value.every(isContentId)) throw baseDamaged(where);
  return value;
}

/** Keys, each with a time in the field of this name. */
function timedOf(value: unknown, field: string, where: string): { key: string; time: string }[] {
  if (!Array.isArray(value)) throw baseDamaged(where);
  return value.map((item: unknown) => {
    const { key, [field]: time } = (item ?? {}) as Record<string, unknown>;
    if (typeof key !== 'string' || typeof time !== 'string') throw baseDamaged(where);
    return { key, time };
  });
}

function baseDamaged(where: string): OcrpipeError {
  return new OcrpipeError('base-damaged', `${where} is damaged: it is not what ocrpipe writes`, {
    hint: "Run 'ocrpipe fsck --remote --repair' on a machine that has used this remote, or restore this file from a copy: without it nobody can tell what the remote holds.",
  });
}
