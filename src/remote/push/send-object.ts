import { objectKey } from '../../store/format.js';
import type { LargeObject } from '../catalog/catalog.js';
import type { Described, Remote } from '../backends/remote.js';
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
 * Brings one large blob to the remote. It is hashed before and by the server: a damaged one throws `object-damaged` and does
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
  await store.withObject(object.id, send, signal ? { signal } : {});
}

function isSame(there: Described | undefined, object: LargeObject): boolean {
  return there?.size === object.size && (there.sha256 ?? object.id) === object.id;
}
