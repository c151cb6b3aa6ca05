import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import { contentIdFromBytes, contentIdOf, isContentId, type ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { CODEC_RAW, FOLDERS, KIND_CODES, type ObjectKind } from '../../store/format.js';
import { PACK_ENTRY_BYTES, PackTable } from '../../store/pack-format.js';
import type { RunId } from '../../store/run-records.js';

/**
 * A catalog says what one push brought to a remote. All integers little-endian:
 *   header, 32 bytes: "OCRC", u8 version, 3 zero bytes, u32 length of the JSON, 20 zero bytes
 *   JSON (RFC 8785): {base, created, objects, packs: [{bytes, count, id}], project, roots: [{created, id, kind, project}],
 *     runs, store}; `objects` and `runs` are counts
 *   the tables of the packs, one after the other, 40 bytes an object as in the pack itself
 *   large objects, 40 bytes each in the same form, ascending by id
 *   run pairs, 64 bytes each: key 32, record id 32, ascending
 *   SHA-256 of everything before, 32 bytes, which is also the catalog's name
 */
export interface Catalog {
  /** UUID of the remote that it was written for. */
  store: string;
  /** Which project pushed. */
  project: string;
  /** The remote's clock when it was written, ISO 8601 in UTC. */
  created: string;
  /** Number of the newest base that the pusher had seen; 0 for none. */
  base: number;
  /** What pushes asked for: everything below each is in this catalog or was named before it. */
  roots: readonly Root[];
  packs: readonly PackTable[];
  objects: readonly LargeObject[];
  /** Run records; their bytes stand in packs as objects of kind run. */
  runs: readonly RunId[];
}

/** Something that must be kept on the remote for `project`, and when it was pushed by the remote's clock. */
export interface Root {
  id: ContentId;
  kind: ObjectKind;
  project: string;
  created: string;
}

/** A blob in a file of its own, `objects/ab/…`. */
export interface LargeObject {
  id: ContentId;
  /** Bytes. */
  size: number;
}

/** Longest catalog that is written or read, in bytes. */
export const MAX_CATALOG_BYTES = 256 * 1024 * 1024;
/** Shortest possible one: header, '{}', checksum. */
const MIN_CATALOG_BYTES = 66;
const HEADER_BYTES = 32;
const CHECKSUM_BYTES = 32;
const RUN_BYTES = 64;
const MAGIC = 'OCRC';
const VERSION = 1;

export function catalogKey(id: ContentId): string {
  return `${FOLDERS.packs}/${id}.cat`;
}

/** The catalog that a key names, or undefined if it is none. */
export function catalogOfKey(key: string): ContentId | undefined {
  return /^packs\/([0-9a-f]{64})\.cat$/.exec(key)?.[1] as ContentId | undefined;
}

export function catalogDamaged(where: string, reason: string): OcrpipeError {
  return new OcrpipeError('catalog-damaged', `the catalog ${where} is damaged: ${reason}`, {
    hint: "Run 'ocrpipe fsck --remote --repair' on a machine that has used this remote. Or delete this file there, then push again from a workspace that has the data: its packs are still there.",
  });
}

/** The bytes of a catalog and its name. Equal contents give equal bytes. */
export function encodeCatalog(catalog: Catalog): { id: ContentId; bytes: Buffer } {
  const json = Buffer.from(canonicalJson(describe(catalog)));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header[4] = VERSION;
  header.writeUInt32LE(json.length, 8);
  const before = Buffer.concat([
    header,
    json,
    ...catalog.packs.map((table) => table.raw),
    encodeObjects(catalog.objects),
    encodeRuns(catalog.runs),
  ]);
  const id = contentIdOf(before);
  return { id, bytes: Buffer.concat([before, Buffer.from(id, 'hex')]) };
}

function describe(catalog: Catalog): JsonValue {
  const { store, project, created, base } = catalog;
  return {
    ...{ store, project, created, base },
    roots: catalog.roots.map((root) => ({
      id: root.id,
      kind: root.kind,
      project: root.project,
      created: root.created,
    })),
    packs: catalog.packs.map((table) => ({ id: table.packId, bytes: table.size, count: table.count })),
    objects: catalog.objects.length,
    runs: catalog.runs.length,
  };
}

function encodeObjects(objects: readonly LargeObject[]): Buffer {
  const bytes = Buffer.alloc(objects.length * PACK_ENTRY_BYTES);
  const sorted = [...objects].sort((a, b) => (a.id < b.id ? -1 : 1));
  sorted.forEach(({ id, size }, index) => {
    const at = index * PACK_ENTRY_BYTES;
    bytes.write(id, at, 32, 'hex');
    bytes[at + 32] = KIND_CODES.blob;
    bytes[at + 33] = CODEC_RAW;
    bytes.writeUIntLE(size, at + 34, 6);
  });
  return bytes;
}

function encodeRuns(runs: readonly RunId[]): Buffer {
  const pairs = runs.map(({ key, record }) => key + record).sort();
  return Buffer.from(pairs.join(''), 'hex');
}

/**
 * Reads the catalog `id`. Throws `catalog-damaged` unless its checksum is its name and its parts fill it exactly, and
 * `catalog-unknown` for a newer version or an unknown key: what those mean is never guessed.
 */
export function decodeCatalog(bytes: Buffer, id: ContentId, where: string): Catalog {
  checkFrame(bytes, id, where);
  const jsonLength = bytes.readUInt32LE(8);
  if (HEADER_BYTES + jsonLength + CHECKSUM_BYTES > bytes.length)
    throw catalogDamaged(where, 'it is too short');
  const head = readHead(bytes.toString('utf8', HEADER_BYTES, HEADER_BYTES + jsonLength), where);
  const entries = head.packs.reduce((sum, { count }) => sum + count, 0);
  const tables = HEADER_BYTES + jsonLength;
  const objects = tables + entries * PACK_ENTRY_BYTES;
  const runs = objects + head.objects * PACK_ENTRY_BYTES;
  if (runs + head.runs * RUN_BYTES + CHECKSUM_BYTES !== bytes.length) {
    throw catalogDamaged(where, 'its size is not the sum of its parts');
  }
  return {
    ...{
      store: head.store,
      project: head.project,
      created: head.created,
      base: head.base,
      roots: head.roots,
    },
    packs: decodePacks(bytes, tables, head.packs, where),
    objects: decodeObjects(bytes, objects, head.objects, where),
    runs: decodeRuns(bytes, runs, head.runs),
  };
}

function checkFrame(bytes: Buffer, id: ContentId, where: string): void {
  if (bytes.length < MIN_CATALOG_BYTES || bytes.length > MAX_CATALOG_BYTES) {
    throw catalogDamaged(where, `no catalog is ${bytes.length} bytes long`);
  }
  const end = bytes.length - CHECKSUM_BYTES;
  const sum = createHash('sha256').update(bytes.subarray(0, end)).digest('hex');
  if (sum !== id || contentIdFromBytes(bytes, end) !== id) {
    throw catalogDamaged(where, 'its bytes are not those that its name stands for');
  }
  if (bytes.toString('latin1', 0, 4) !== MAGIC) throw catalogDamaged(where, "it does not begin with 'OCRC'");
  if (bytes[4] !== VERSION) throw unknownCatalog(where, `version ${bytes[4]!}`);
  const reserved = [...bytes.subarray(5, 8), ...bytes.subarray(12, HEADER_BYTES)];
  if (reserved.some((byte) => byte !== 0))
    throw catalogDamaged(where, 'reserved bytes of its header are not zero');
}

function unknownCatalog(where: string, what: string): OcrpipeError {
  return userError('catalog-unknown', `the catalog ${where} has ${what}, which this ocrpipe does not know`, {
    hint: 'Use a newer ocrpipe for this remote.',
  });
}

interface Head {
  store: string;
  project: string;
  created: string;
  base: number;
  roots: Root[];
  packs: { id: ContentId; bytes: number; count: number }[];
  objects: number;
  runs: number;
}

function readHead(text: string, where: string): Head {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw catalogDamaged(where, 'its head is not JSON');
  }
  const known = ['store', 'project', 'created', 'base', 'roots', 'packs', 'objects', 'runs'];
  const head = fieldsOf(value, known, where);
  return {
    store: textOf(head['store'], where),
    project: textOf(head['project'], where),
    created: textOf(head['created'], where),
    base: countOf(head['base'], where),
    roots: listOf(head['roots'], where).map((root) => readRoot(root, where)),
    packs: listOf(head['packs'], where).map((pack) => {
      const fields = fieldsOf(pack, ['id', 'bytes', 'count'], where);
      const { id, bytes, count } = fields;
      return { id: idOf(id, where), bytes: countOf(bytes, where), count: countOf(count, where) };
    }),
    objects: countOf(head['objects'], where),
    runs: countOf(head['runs'], where),
  };
}

function readRoot(value: unknown, where: string): Root {
  const { id, kind, project, created } = fieldsOf(value, ['id', 'kind', 'project', 'created'], where);
  if (typeof kind !== 'string' || !Object.hasOwn(KIND_CODES, kind)) {
    throw unknownCatalog(where, `a root of kind ${JSON.stringify(kind)}`);
  }
  return {
    id: idOf(id, where),
    kind: kind as ObjectKind,
    project: textOf(project, where),
    created: textOf(created, where),
  };
}

function fieldsOf(value: unknown, known: readonly string[], where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw catalogDamaged(where, 'its head is incomplete');
  const extra = Object.keys(value).find((key) => !known.includes(key));
  if (extra !== undefined) throw unknownCatalog(where, `the key '${extra}'`);
  return value as Record<string, unknown>;
}

function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw catalogDamaged(where, 'its head lacks a text');
  return value;
}

function countOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw catalogDamaged(where, 'its head lacks a number');
  }
  return value;
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw catalogDamaged(where, 'its head lacks a list');
  return value;
}

function idOf(value: unknown, where: string): ContentId {
  if (!isContentId(value)) throw catalogDamaged(where, 'its head holds what is no id');
  return value;
}

function decodePacks(bytes: Buffer, start: number, packs: Head['packs'], where: string): PackTable[] {
  let at = start;
  return packs.map((pack) => {
    const end = at + pack.count * PACK_ENTRY_BYTES;
    const table = PackTable.decode(bytes.subarray(at, end), pack.id);
    if (table.size !== pack.bytes) {
      throw catalogDamaged(where, `the objects of pack ${pack.id} do not fill its ${pack.bytes} bytes`);
    }
    at = end;
    return table;
  });
}

function decodeObjects(bytes: Buffer, start: number, count: number, where: string): LargeObject[] {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * PACK_ENTRY_BYTES;
    if (bytes[at + 32] !== KIND_CODES.blob || bytes[at + 33] !== CODEC_RAW) {
      throw catalogDamaged(where, 'a large object is of an unknown kind or codec');
    }
    return { id: contentIdFromBytes(bytes, at), size: bytes.readUIntLE(at + 34, 6) };
  });
}

function decodeRuns(bytes: Buffer, start: number, count: number): RunId[] {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * RUN_BYTES;
    return { key: contentIdFromBytes(bytes, at), record: contentIdFromBytes(bytes, at + 32) };
  });
}
