import { copyChangingFile } from '../base/copy-file.js';
import type { ContentId } from '../base/content-id.js';
import { objectsOf, type NeededObject } from './closure.js';
import { LARGE_BLOB_BYTES } from './format.js';
import type { LocalStore } from './local-store.js';

/** What is brought from one store to another: one blob, or a directory with everything in it. */
export interface CopiedRoot {
  kind: 'blob' | 'tree';
  id: ContentId;
}

/**
 * Brings what a root needs and `to` lacks from one store of this machine into another, verified; `from` is not changed, and no file of it
 * becomes one of `to`. Throws `object-missing` and `object-damaged`: what was brought by then stays, and no node that names
 * what is not there. Returns the number of objects.
 */
export async function copyObjects(
  from: LocalStore,
  to: LocalStore,
  root: CopiedRoot,
  signal: AbortSignal,
): Promise<number> {
  const needed = root.kind === 'blob' ? [root] : [...objectsOf({ reader: from, id: root.id })];
  const lacking = needed.filter((each) => !to.has(each.kind, each.id, sizeOf(each)));
  const writer = to.writer();
  try {
    for (const { kind, id } of lacking.filter((each) => each.kind === 'blob')) {
      signal.throwIfAborted();
      const place = from.locate(kind, id);
      if (place?.in === 'file' && place.length >= LARGE_BLOB_BYTES) {
        const temporary = to.temporaryFile();
        await copyChangingFile(place.file, temporary, { signal });
        await to.adoptObject(temporary, id, { signal });
      } else writer.putBlob(from.read(kind, id));
    }
    // Last, and those below before those above: a node in a store is most often whole.
    for (const { id } of lacking.filter((each) => each.kind === 'tree').reverse()) {
      writer.putTree(from.read('tree', id), 'tree');
    }
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
  return lacking.length;
}

function sizeOf(object: NeededObject | CopiedRoot): number | undefined {
  return 'size' in object ? object.size : undefined;
}
