import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { userError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';

/** The folder of a workspace that is ocrpipe's own: settings, store, locks and this machine's memory. */
export const STATE_FOLDER = '.ocrstore';

/** The nearest folder, `from` or above it, that holds `.ocrstore`. Throws `not-a-workspace` (exit code 2). */
export function findWorkspace(from: AbsPath): AbsPath {
  for (let at: string = from; ; at = dirname(at)) {
    if (statSync(join(at, STATE_FOLDER), { throwIfNoEntry: false })?.isDirectory() === true)
      return at as AbsPath;
    if (dirname(at) === at) break;
  }
  throw userError(
    'not-a-workspace',
    `${from} is not in a workspace: neither it nor a folder above it has ${STATE_FOLDER}`,
    {
      hint: "Make one with 'ocrpipe init' in the root of the git work tree, or name another folder with -C.",
    },
  );
}
