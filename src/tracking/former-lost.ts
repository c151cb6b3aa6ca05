import { OcrpipeError } from '../base/errors.js';
import type { LocalStore } from '../store/local-store.js';
import type { ObjectReader } from '../store/object-reader.js';
import { lacksNew } from './partial/partial.js';
import { firstMissing } from './stored.js';
import type { PathState, Snapshot } from './workspace-files.js';

/**
 * True of an edited path if the store has not what was edited, so that nothing here can undo the edit: as after a write through a
 * hard link. Looks only at what differs from the pointer; `reader` has the directories that are there.
 */
export function isFormerLost(
  store: LocalStore,
  facts: { state: PathState; there: Snapshot | undefined; pointer: Snapshot | undefined },
  reader: () => ObjectReader,
): boolean {
  const { state, there, pointer } = facts;
  if (!there || !pointer || (state !== 'modified' && state !== 'conflict')) return false;
  try {
    return there.kind === 'directory' && pointer.kind === 'directory'
      ? lacksNew({ reader: reader(), id: there.id }, { reader: store, id: pointer.id })
      : firstMissing(store, pointer) !== undefined;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-damaged') return true;
    throw error;
  }
}
