import { OcrpipeError, userError } from '../base/errors.js';
import { isContentId, type ContentId } from '../base/content-id.js';

/**
 * Names and numbers of the store, format 1: one layout for a local store and for a remote. Everything that another
 * implementation must know about files and kinds stands here; packs and tree nodes have a file each.
 */
export const FORMAT_VERSION = 1;

/** The byte that stands for each kind of object. An object is named by (kind, content id). */
export const KIND_CODES = { blob: 0, tree: 1, run: 2, listing: 3 } as const;

/**
 * - `blob`: the bytes of a file
 * - `tree`: a node of a directory's tree whose files are to be in the store too
 * - `run`: a run record
 * - `listing`: a node like a tree's whose files need not be in the store
 */
export type ObjectKind = keyof typeof KIND_CODES;

/** The two kinds that hold nodes of a directory. */
export type NodeKind = 'tree' | 'listing';

/** Codec byte of bytes stored as they are: the only codec of format 1. */
export const CODEC_RAW = 0;

/** Blobs from this size on stand in files of their own; smaller ones are packed. Bytes. */
export const LARGE_BLOB_BYTES = 1024 * 1024;

/** A pack is closed before its data would pass this. Bytes. */
export const MAX_PACK_DATA_BYTES = 64 * 1024 * 1024;

/** A pack holds at most so many objects. */
export const MAX_PACK_OBJECTS = 65_536;

/** Mode of stored objects and packs: nobody edits them. */
export const OBJECT_MODE = 0o444;

const KINDS: readonly (ObjectKind | undefined)[] = ['blob', 'tree', 'run', 'listing'];
const MAX_FORMAT_BYTES = 64 * 1024;

/** The kind that a byte of the format stands for, or undefined for a byte that format 1 does not know. */
export function kindOfCode(code: number): ObjectKind | undefined {
  return KINDS[code];
}

/** Key of the file that says which format a store has. Keys are '/'-separated and relative to the store's root. */
export const FORMAT_KEY = 'format.json';

/** Folders of a store; `tmp`, `trash` and `quarantine` exist locally only. */
export const FOLDERS = {
  objects: 'objects',
  packs: 'packs',
  runs: 'runs',
  tmp: 'tmp',
  trash: 'trash',
  /** Files that were found damaged: they count as absent, and are kept. */
  quarantine: 'quarantine',
} as const;

/** Where a blob of `LARGE_BLOB_BYTES` or more stands. */
export function objectKey(id: ContentId): string {
  return `${FOLDERS.objects}/${id.slice(0, 2)}/${id.slice(2)}`;
}

/** The blob that an object key names, or undefined if it is no object key. */
export function objectOfKey(key: string): ContentId | undefined {
  const match = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(key);
  return match ? (`${match[1]!}${match[2]!}` as ContentId) : undefined;
}

/** Where a pack stands. */
export function packKey(id: ContentId): string {
  return `${FOLDERS.packs}/${id}.pack`;
}

/** The pack that a key names, or undefined if it is no pack key. */
export function packOfKey(key: string): ContentId | undefined {
  return /^packs\/([0-9a-f]{64})\.pack$/.exec(key)?.[1] as ContentId | undefined;
}

/** Where a run record stands: found by the key of its inputs, named by its own content id. */
export function runKey(key: ContentId, record: ContentId): string {
  return `${FOLDERS.runs}/${key.slice(0, 2)}/${key}-${record}.json`;
}

/** The input key and record id that a key names, or undefined if it is no key of a run record. */
export function runOfKey(path: string): { key: ContentId; record: ContentId } | undefined {
  const match = /^runs\/([0-9a-f]{2})\/([0-9a-f]{64})-([0-9a-f]{64})\.json$/.exec(path);
  if (!match || match[1] !== match[2]!.slice(0, 2)) return undefined;
  return { key: match[2] as ContentId, record: match[3] as ContentId };
}

/** The folders in which a store keeps objects, packs and run records. */
export const KEY_FOLDERS = [FOLDERS.packs, FOLDERS.objects, FOLDERS.runs] as const;

/** True for the key of a pack, a large blob or a run record. */
export function isStoreKey(key: string): boolean {
  return packOfKey(key) !== undefined || objectOfKey(key) !== undefined || runOfKey(key) !== undefined;
}

/** What `format.json` says. */
export interface StoreFormat {
  format: typeof FORMAT_VERSION;
  /** A UUID that tells two stores apart. */
  store: string;
  /** Extensions that a reader must know to read this store; format 1 has none. */
  features: readonly string[];
}

/** The bytes of `format.json` for a new store named by the UUID `store`. */
export function encodeStoreFormat(store: string): string {
  const format: StoreFormat = { format: FORMAT_VERSION, store, features: [] };
  return `${JSON.stringify(format, undefined, 2)}\n`;
}

/**
 * Reads `format.json`. Throws `store-format-damaged` for anything that is not such a file and `store-format-unknown` for
 * a newer format, an unknown feature or an unknown key: it is never guessed what those mean. Every format has the three keys of
 * this one, and each later one a feature: so no single wrong byte of a file of format 1 makes it look newer.
 */
export function decodeStoreFormat(text: string, where: string): StoreFormat {
  if (text.length > MAX_FORMAT_BYTES) throw damagedFormat(where, 'it is far too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damagedFormat(where, 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw damagedFormat(where, 'it is not a JSON object');
  const { format, store, features, ...rest } = value as Record<string, unknown>;
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
    throw damagedFormat(where, "it has no 'format' that is a whole number");
  }
  if (typeof store !== 'string' || !/^[0-9a-f-]{36}$/.test(store)) {
    throw damagedFormat(where, "its 'store' is no UUID");
  }
  if (!Array.isArray(features)) throw damagedFormat(where, "its 'features' is no list");
  refuseNewer(where, { format, features, more: Object.keys(rest) });
  return { format: FORMAT_VERSION, store, features: [] };
}

function refuseNewer(
  where: string,
  { format, features, more }: { format: number; features: unknown[]; more: readonly string[] },
): void {
  if (features.length > 0) throw unknownFormat(where, `feature ${JSON.stringify(features[0])}`);
  if (format !== FORMAT_VERSION) {
    throw damagedFormat(where, `it says format ${format}, and no feature, which each format after 1 has`);
  }
  const [extra] = more;
  if (extra !== undefined) throw unknownFormat(where, `key '${extra}'`);
}

function damagedFormat(where: string, reason: string): OcrpipeError {
  return new OcrpipeError(
    'store-format-damaged',
    `${where} does not say which format the store has: ${reason}`,
    {
      hint: "'ocrpipe fsck --repair' writes it anew; that of a remote, 'ocrpipe fsck --remote --repair'.",
    },
  );
}

function unknownFormat(where: string, what: string): OcrpipeError {
  return userError('store-format-unknown', `${where} names ${what}, which this ocrpipe does not know`, {
    hint: 'Use a newer ocrpipe for this store.',
  });
}

/** `text` as a content id; throws `content-id-invalid` for anything else. */
export function toContentId(text: string): ContentId {
  if (isContentId(text)) return text;
  throw new OcrpipeError(
    'content-id-invalid',
    `'${text.slice(0, 80)}' is no content id (64 lower-case hex digits)`,
  );
}
