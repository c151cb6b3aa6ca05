import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemErrorCode, userError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';

/** The folder of a workspace that is ocrpipe's own: settings, store, locks and this machine's memory. */
export const STATE_FOLDER = '.ocrstore';

/** The nearest folder, `from` or above it, that holds `.ocrstore`. Throws `not-a-workspace` and `state-folder-broken` (exit code 2). */
export function findWorkspace(from: AbsPath): AbsPath {
  for (let at: string = from; ; at = dirname(at)) {
    if (hasStateFolder(at as AbsPath)) return at as AbsPath;
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

/** True if `.ocrstore` is a folder of `root`. Throws `state-folder-broken` where something else has that name. */
export function hasStateFolder(root: AbsPath): boolean {
  const path = join(root, STATE_FOLDER);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.isDirectory() || (stat.isSymbolicLink() && leadsToFolder(path))) return true;
  const what = stat.isSymbolicLink() ? `a link to ${readlinkSync(path)}, where no folder is` : 'no folder';
  throw userError('state-folder-broken', `${path} is ${what}`, {
    hint: "Mount the disk that it leads to; or remove it, and run 'ocrpipe init', which takes the settings from git again.",
  });
}

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}
