import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import { objectKey } from '../store/format.js';
import type { LocalStore } from '../store/local-store.js';
import { hashOfFile } from '../store/loose-objects.js';
import { objectDamaged } from '../store/object-reader.js';
import type { LargeObject } from './catalog.js';
import type { Described, Remote } from './remote.js';

/** Above this size it is worth a request to ask first whether an interrupted push sent it already. Bytes. */
const ASK_FIRST_BYTES = 32 * 1024 * 1024;

/** The two sides of sending one large object. */
export interface ObjectSender {
  store: LocalStore;
  remote: Remote;
  signal?: AbortSignal | undefined;
}

/**
 * Brings one large blob to the remote. It is hashed before and by the server: a damaged one throws `object-damaged` and does
 * not get there. `remote-object-damaged` if other bytes stand under its name there.
 */
export async function sendObject(sender: ObjectSender, object: LargeObject): Promise<void> {
  const { store, remote, signal } = sender;
  const key = objectKey(object.id);
  const file = store.objectFile(object.id);
  if (object.size >= ASK_FIRST_BYTES) {
    const there = await remote.describe(key, { signal });
    if (there !== undefined && isSame(there, object)) return;
    if (there !== undefined) throw otherBytesThere(remote, key);
  }
  await refuseDamaged(file, object.id, signal);
  const body = { file, size: object.size };
  const outcome = await remote.put(key, body, { sha256: object.id, ifNoneMatch: true, signal });
  if (outcome === 'created') return;
  const there = await remote.describe(key, { signal });
  if (there === undefined || !isSame(there, object)) throw otherBytesThere(remote, key);
}

async function refuseDamaged(file: string, id: ContentId, signal: AbortSignal | undefined): Promise<void> {
  const found = await hashOfFile(file, signal ? { signal } : {});
  if (found !== id) throw objectDamaged('blob', id, file, 'its bytes have another hash');
}

function isSame(there: Described, object: LargeObject): boolean {
  return there.size === object.size && (there.sha256 ?? object.id) === object.id;
}

function otherBytesThere(remote: Remote, key: string): OcrpipeError {
  return new OcrpipeError(
    'remote-object-damaged',
    `${key} on ${remote.where} is damaged: its bytes are not those of its name`,
    {
      hint: 'Delete this file on the remote, then run the command again: it is sent anew.',
    },
  );
}
