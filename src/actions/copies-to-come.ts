import { lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryBeside } from '../base/atomic-file.js';
import { canClone } from '../base/can-clone.js';
import type { ContentId } from '../base/content-id.js';
import { DEFAULT_LINKS, type LinkType } from '../base/link-type.js';
import { fromRepoPath } from '../base/paths.js';
import type { Workspace } from '../project/workspace.js';
import type { TargetPath } from './remote-targets.js';

/** Below that, copying takes no time that would be noticed. */
const WORTH_BYTES = 4 * 1024 * 1024;

/**
 * Names for files that a checkout would copy out of the store once they have come: written while they come, they are written by then. Only
 * where a path is free and files are to be copies, which a clone would make needless.
 */
export function copiesToCome(
  workspace: Workspace,
  targets: readonly TargetPath[],
  links: readonly LinkType[] = workspace.settings.link ?? DEFAULT_LINKS,
): Map<ContentId, string> {
  const large = targets.filter(({ snapshot }) => snapshot.kind === 'file' && snapshot.size >= WORTH_BYTES);
  const copies = new Map<ContentId, string>();
  if (large.length === 0 || !isCopied(workspace.store.root, links)) return copies;
  for (const { path, snapshot } of large) {
    const at = fromRepoPath(workspace.root, path);
    if (isFree(at)) copies.set(snapshot.id, temporaryBeside(join(dirname(at), 'x')));
  }
  return copies;
}

function isCopied(store: string, links: readonly LinkType[]): boolean {
  const [first, second] = links;
  return first === 'copy' || (first === 'reflink' && second === 'copy' && !canClone(join(store, 'tmp')));
}

/** In a folder that is there: nothing is made for what may be refused. */
function isFree(path: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false }) === undefined &&
    statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() === true
  );
}
