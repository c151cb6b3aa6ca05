import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { ContentId } from '../../src/base/content-id.js';
import type { ObjectKind } from '../../src/store/format.js';
import type { LocalStore } from '../../src/store/local-store.js';

/** Changes a byte of the first copy of an object. */
export function damageObject(store: LocalStore, kind: ObjectKind, id: string): void {
  const place = store.locate(kind, id as ContentId)!;
  const bytes = readFileSync(place.file);
  bytes[place.in === 'pack' ? place.offset : 0]! ^= 1;
  chmodSync(place.file, 0o644);
  writeFileSync(place.file, bytes);
}
