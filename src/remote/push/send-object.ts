import { OcrpipeError } from '../../base/errors.js';
import { objectKey } from '../../store/format.js';
import type { LargeObject } from '../catalog/catalog.js';
import { WHOLE_BYTES, type Described, type Remote } from '../backends/remote.js';
import type { PushStore } from './push-store.js';

/** Above this size it is worth a request to ask first whether an interrupted push sent it already. Bytes. */
const ASK_FIRST_BYTES = 32 * 1024 * 1024;

/** The two sides of sending one large object. */
export interface ObjectSender {
  store: PushStore;
  remote: Remote;
  /** What stands under its name was read and found wrong: it is replaced without asking what the server thinks of it. */
  replace?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Brings one large blob to the remote. It is hashed before, or while it is sent in parts: a damaged one throws `object-damaged` and does
 * not get there. Other bytes under its name are replaced: a name stands for these bytes alone, whoever writes them.
 */
export async function sendObject(sender: ObjectSender, object: LargeObject): Promise<void> {
  const { store, remote, signal, replace = false } = sender;
  const key = objectKey(object.id);
  const isThere = async (): Promise<boolean> => isSame(await remote.describe(key, { signal }), object);
  if (!replace && object.size >= ASK_FIRST_BYTES && (await isThere())) return;
  const send = async (file: string): Promise<void> => {
    const body = { file, size: object.size };
    const put = (ifNoneMatch: boolean) => remote.put(key, body, { sha256: object.id, ifNoneMatch, signal });
    if (replace) await put(false);
    else if ((await put(true)) === 'exists' && !(await isThere())) await put(false);
  };
  const asked = signal ? { signal } : {};
  // Who sends so much in parts hashes all of it and names it only if it is the id: once is enough.
  if (object.size <= WHOLE_BYTES) await store.withObject(object.id, send, asked);
  else {
    await store.withObject(object.id, send, { ...asked, unchecked: true }).catch(async (error: unknown) => {
      if (!(error instanceof OcrpipeError) || error.code !== 'damaged-upload') throw error;
      // Now it is told whether the file is damaged or the way to the remote.
      await store.withObject(object.id, send, asked);
    });
  }
}

function isSame(there: Described | undefined, object: LargeObject): boolean {
  return there?.size === object.size && (there.sha256 ?? object.id) === object.id;
}
