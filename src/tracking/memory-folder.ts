import { join } from 'node:path';
import type { AbsPath } from '../base/paths.js';
import { machineName } from './machine-name.js';

/** Where this machine keeps what it remembers of the workspace at `root`. */
export function memoryFolder(root: AbsPath): string {
  return join(root, '.ocrstore', 'index', machineName());
}
