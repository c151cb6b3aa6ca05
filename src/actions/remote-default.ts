import type { Call } from '../base/call.js';
import { findRemote, setDefaultRemote } from '../config/remotes.js';
import { Workspace } from '../project/workspace.js';
import { settingsToCommit, type ToCommit } from './to-commit.js';

/** Makes a remote the default, or only says which is. */
export async function remoteDefault(
  name: string | undefined,
  call: Call,
): Promise<{ default: string } & ToCommit> {
  const workspace = Workspace.open(call, 'ocrpipe remote default');
  if (name !== undefined) {
    await workspace.exclusively('config', () => {
      setDefaultRemote(workspace.stateFolder, name);
    });
  }
  const written = name === undefined ? { toCommit: [] } : await settingsToCommit(workspace, call);
  return { default: findRemote(workspace.settings, name).name, ...written };
}
