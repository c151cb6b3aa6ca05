import { join } from 'node:path';
import type { AbsPath } from '../base/paths.js';

/** Where files that git sees are written before they get their names: see `AtomicWrite.staging`. */
export function stagingOf(root: AbsPath): string {
  return join(root, '.ocrstore', 'tmp');
}
