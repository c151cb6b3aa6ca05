import { removeAbandonedIn as removeIn } from '../base/abandoned.js';
import { fsPath, type BytePath } from './byte-path.js';

/** Removes what commands that were killed left in `folder`, whose name may be any bytes. */
export function removeAbandonedIn(folder: BytePath): void {
  removeIn(fsPath(folder));
}
