import type { Call } from '../base/call.js';
import type { LinkType } from '../base/link-type.js';
import type { RepoPath } from '../base/paths.js';
import { RunningMarks } from '../pipeline/records/running-mark.js';
import type { Workspace } from '../project/workspace.js';
import type { PointedPath } from '../tracking/workspace-files.js';

/** How files are put there: see `CheckoutOptions`. */
interface PutHow {
  force: boolean;
  links?: readonly LinkType[] | undefined;
}

/** The paths at which all is done, and those among them that hold something else now. */
export interface PutFiles {
  done: ReadonlySet<RepoPath>;
  changed: ReadonlySet<RepoPath>;
}

/**
 * Puts many single files where their pointers say, at once, which costs less. What is not among `done` is as it was, and is to be put
 * there by itself: directories, and what is refused or cannot be read.
 */
export async function putFiles(
  workspace: Workspace,
  wanted: readonly PointedPath[],
  { force, links }: PutHow,
  { events, signal }: Pick<Call, 'events' | 'signal'>,
): Promise<PutFiles> {
  const files = wanted.filter(({ snapshot }) => snapshot.kind === 'file');
  // Links are made anew, where asked for, one by one.
  if (files.length < 2 || links !== undefined) return { done: new Set(), changed: new Set() };
  const how = { force, keepEdits: true, events, signal };
  const { changed, unchanged } = await workspace.files.checkoutFiles(files, how);
  const done = new Set([...changed, ...unchanged]);
  new RunningMarks(workspace).settleAll([...done]);
  return { done, changed: new Set(changed) };
}
