import { LocalStore } from '../../src/store/local-store.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** The folder of a new, empty store. */
export function newStore(): string {
  const root = temporaryFolder();
  LocalStore.create(root).close();
  return root;
}
