import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDERS } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import { remoteObjectDamaged, type WantedObject } from './object-source.js';
import { continueDownload, takeOver, type RangedObject } from './resumable-download.js';

const READS = 2;

/** One large blob and where it comes from. */
export interface LargeDownload extends RangedObject {
  store: LocalStore;
  wanted: WantedObject;
}

/**
 * Brings one large blob into the store: by ranges of one and the same object, some at once, hashed in order. What an interrupted download
 * left is hashed again and continued. Bytes with another hash never get a name: they are read once more, then refused by
 * name (`object-damaged`).
 */
export async function fetchLarge(download: LargeDownload): Promise<void> {
  const { store, wanted, size, key, remote, copy } = download;
  const temporary = await takeOver(join(store.root, FOLDERS.tmp), wanted.id);
  try {
    for (let read = 0; read < READS; read += 1) {
      const hash = await continueDownload(download, temporary);
      if (hash === wanted.id && (await stat(temporary)).size === size) {
        await store.adoptObject(temporary, wanted.id, { hashed: true });
        if (copy?.isWhole === true) store.arrivedCopies.offer(wanted.id, copy.handOver());
        return;
      }
      await Promise.all([rm(temporary, { force: true }), copy?.drop()]);
    }
    throw remoteObjectDamaged(remote, wanted, key);
  } finally {
    await copy?.drop();
  }
}
