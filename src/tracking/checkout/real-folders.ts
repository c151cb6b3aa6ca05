import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { OcrpipeError } from '../../base/errors.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, type BytePath } from '../byte-path.js';

/** Where a checkout writes: below `root` (absolute). */
export interface WrittenBelow {
  root: string;
}

/**
 * Refuses, with `checkout-disturbed`, to change anything in `folder` (absolute) if it or a folder above it, up to the root, is
 * none by now: through a link in its place the change would land somewhere else. To be asked just before each change, for
 * what was looked at before may have been replaced meanwhile.
 */
export function requireRealFolder(folder: BytePath, { root }: WrittenBelow): void {
  const top = Buffer.byteLength(root);
  for (let at = folder; at.length > top; at = posix.dirname(at) as BytePath) {
    if (lstatSync(fsPath(at), { throwIfNoEntry: false })?.isDirectory() === true) continue;
    throw new OcrpipeError(
      'checkout-disturbed',
      `${textOfBytes(at)} is no longer a folder: another program changed it`,
      {
        hint: 'Run the same command again when nothing else writes there.',
      },
    );
  }
}
