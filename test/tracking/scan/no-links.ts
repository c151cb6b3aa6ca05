import { join } from 'node:path';
import { LocalStore } from '../../../src/store/local-store.js';
import { StoreLinks } from '../../../src/tracking/scan/store-links.js';

/** For a scan of files none of which is a link to a store. */
export function noLinks(root: string): StoreLinks {
  return new StoreLinks(LocalStore.absent(join(root, '.ocrstore')), root);
}
