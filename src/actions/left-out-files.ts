import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { directoryChanges } from '../project/stored-directory.js';
import type { Workspace } from '../project/workspace.js';
import { namesOf } from '../tracking/checkout/checkout-plan.js';
import { pointerPathOf, pointerText } from '../tracking/pointers/plain-pointer.js';
import { isRestUnknown } from '../tracking/unknown-rest.js';
import type { Snapshot } from '../tracking/workspace-files.js';

/** A directory that is about to be tracked as it is. */
export interface Retracked {
  path: RepoPath;
  /** What its pointer still names. */
  before: Snapshot;
  /** What is there, stored. */
  snapshot: Snapshot;
}

/**
 * Which files the pointer of a directory will no longer name although nobody may have deleted them, and how to have them
 * back, in words; undefined if there are none. They may never have come: a checkout or pull of the directory did not end.
 */
export async function leftOutFiles(workspace: Workspace, retracked: Retracked): Promise<string | undefined> {
  const { files, store } = workspace;
  const { path, before, snapshot } = retracked;
  if (snapshot.kind !== 'directory') return undefined;
  if (!isRestUnknown({ pointer: before, ...files.remembered(path) }, files)) return undefined;
  const changes = directoryChanges(store, before, snapshot);
  const gone = changes?.filter(({ change }) => change === 'deleted').map((file) => `${path}/${file.path}`);
  if (gone?.length === 0) return undefined;
  const what = gone
    ? `${gone.length} of the files that ${pointerPathOf(path)} named (${namesOf(gone)})`
    : `files that ${pointerPathOf(path)} named and that are not here`;
  return `${path}: left out ${what}, which may never have come here. ${await wayBack(workspace, retracked)}`;
}

async function wayBack({ git, files }: Workspace, { path, before }: Retracked): Promise<string> {
  const [quoted, pointer] = [shellQuote(path), pointerPathOf(path)];
  const held = await git?.readHeld(pointer);
  if (held?.toString() !== pointerText(before)) {
    return `To track them too, put them there and run 'ocrpipe add ${quoted}' again.`;
  }
  const get = files.inStore(before) ? 'checkout' : 'pull';
  return `To have them back: 'git checkout -- ${shellQuote(pointer)}', then 'ocrpipe ${get} ${quoted}'.`;
}
