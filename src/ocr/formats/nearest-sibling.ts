import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../../base/errors.js';
import { nearestName } from '../../base/nearest.js';

/** "Did you mean '…'?" with the path of what is beside a missing `path` and named almost like it; undefined if nothing is. */
export function nearestSibling(path: string): string | undefined {
  const folder = dirname(path);
  const near = nearestName(basename(path), namesIn(folder));
  return near === undefined ? undefined : `Did you mean '${join(folder, near)}'?`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
