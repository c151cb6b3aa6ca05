import { closeSync, openSync } from 'node:fs';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import type { ObjectKind } from './format.js';
import type { LocalStore } from './local-store.js';
import { hashOfFile, type LooseObject } from './loose-objects.js';
import { readPackTable } from './pack-reader.js';
import { RunRecords } from './run-records.js';
import { decodeNode } from './tree-format.js';
import { checkedObjects, type CheckedObject } from './verify-pack.js';

/** Something in a store that is not what its name says. */
export interface Finding {
  /** The damaged object; of a pack whose header, table or trailer is damaged, the pack. */
  object: { kind: ObjectKind | 'pack'; id: ContentId };
  /** The file. */
  where: string;
  reason: string;
}

export interface VerifyOptions {
  signal?: AbortSignal;
  /** Called after each file with the bytes that it has. */
  onChecked?: (bytes: number) => void;
}

const WRONG_HASH = 'its bytes have another hash';

/** Reads every byte of a store and yields what is wrong: packs, large blobs and run records. */
export async function* verifyStore(store: LocalStore, options: VerifyOptions = {}): AsyncGenerator<Finding> {
  const packs = [
    ...store.packs().map(({ packId }) => packId),
    ...store.unreadablePacks().map(({ id }) => id),
  ];
  for (const id of packs) yield* verifyPack(store.packFile(id), id, options);
  for (const object of store.looseObjects()) {
    options.signal?.throwIfAborted();
    const finding = await verifyLoose(object, options);
    if (finding) yield finding;
  }
  yield* verifyRecords(new RunRecords(store.root), options);
}

/**
 * Reads every byte of a pack and yields what is wrong: its table, its objects, the form of its nodes. Needs little memory
 * whatever the pack's size. A pack that was removed meanwhile yields nothing.
 */
function* verifyPack(file: string, id: ContentId, options: VerifyOptions): Generator<Finding> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const table = readPackTable(fd, file, id);
    for (const checked of checkedObjects(fd, table)) {
      options.signal?.throwIfAborted();
      const reason = problemOf(checked);
      const { kind, id: object } = checked.entry;
      if (reason !== undefined) yield { object: { kind, id: object }, where: file, reason };
    }
    options.onChecked?.(table.size);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    yield { object: { kind: 'pack', id }, where: file, reason: error.message };
  } finally {
    closeSync(fd);
  }
}

/** Compares a large blob with its id. */
async function verifyLoose(object: LooseObject, options: VerifyOptions): Promise<Finding | undefined> {
  const { id, file: where, size } = object;
  const found = await hashOfFile(where, options.signal && { signal: options.signal });
  options.onChecked?.(size);
  return found === id ? undefined : { object: { kind: 'blob', id }, where, reason: WRONG_HASH };
}

function* verifyRecords(records: RunRecords, options: VerifyOptions): Generator<Finding> {
  for (const run of records.all()) {
    options.signal?.throwIfAborted();
    try {
      options.onChecked?.(records.readBytes(run).length);
      records.read(run);
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      const object = { kind: 'run', id: run.record } as const;
      yield { object, where: records.fileOf(run), reason: error.message };
    }
  }
}

function problemOf({ entry, sound, bytes }: CheckedObject): string | undefined {
  if (!sound) return WRONG_HASH;
  if (entry.kind !== 'tree' && entry.kind !== 'listing') return undefined;
  if (!bytes) return 'it is longer than any node';
  try {
    decodeNode(bytes, entry.id);
    return undefined;
  } catch (error) {
    if (error instanceof OcrpipeError) return error.message;
    throw error;
  }
}
