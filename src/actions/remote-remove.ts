import type { Call } from '../base/call.js';
import { findRemote, removeRemote } from '../config/remotes.js';
import { Workspace } from '../project/workspace.js';
import { forgetRemote } from './remote-session.js';
import { settingsToCommit, type ToCommit } from './to-commit.js';

/** Takes a remote out of the configuration; what it holds stays. */
export async function remoteRemove(name: string, call: Call): Promise<{ removed: string } & ToCommit> {
  const workspace = Workspace.open(call, 'ocrpipe remote remove');
  const settings = findRemote(workspace.settings, name);
  await workspace.exclusively('config', () => {
    removeRemote(workspace.stateFolder, name);
  });
  forgetRemote(workspace, settings);
  return { removed: name, ...(await settingsToCommit(workspace, call)) };
}
