import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { findRemote, modifyRemote } from '../config/remotes.js';
import type { RemoteSettings } from '../config/settings.js';
import { Workspace } from '../project/workspace.js';
import { modifying } from '../remote/backends/correction.js';
import { requireRemoteFolder } from '../remote/backends/remote-folder.js';
import { parseRemoteUrl } from '../remote/backends/remote-url.js';
import type { ListedRemote } from './remote-list.js';
import { forgetRemote } from './remote-session.js';
import { settingsToCommit, type ToCommit } from './to-commit.js';

export interface RemoteModifyOptions {
  name: string;
  changes: Partial<RemoteSettings>;
  /** Settings to take away. */
  unset: readonly string[];
  /** Change this machine's file, which git does not share. */
  local: boolean;
}

/**
 * Changes settings of a remote, and returns what it is then. An address that is named, be it the same, is taken for what is
 * there now.
 */
export async function remoteModify(
  options: RemoteModifyOptions,
  call: Call,
): Promise<ListedRemote & ToCommit> {
  const { name, changes, unset, local } = options;
  const workspace = Workspace.open(call, 'ocrpipe remote modify');
  if (Object.keys(changes).length === 0 && unset.length === 0) {
    throw userError('nothing-to-modify', `nothing to change in the remote '${name}' was named`, {
      hint: "Name what to change: 'ocrpipe remote modify NAME --url URL --endpoint URL --region R --profile P'.",
    });
  }
  findRemote(workspace.settings, name);
  if (changes.url !== undefined) {
    const place = parseRemoteUrl(changes.url, workspace.root);
    if (place.kind === 'folder') requireRemoteFolder(place.folder, modifying(name));
  }
  const removed = Object.fromEntries(unset.map((key) => [key, undefined]));
  await workspace.exclusively('config', () => {
    modifyRemote(
      workspace.stateFolder,
      name,
      { ...removed, ...changes },
      { scope: local ? 'local' : 'shared' },
    );
  });
  if (changes.url !== undefined) forgetRemote(workspace, findRemote(workspace.settings, name));
  const written = local ? { toCommit: [] } : await settingsToCommit(workspace, call);
  return {
    ...findRemote(workspace.settings, name),
    default: workspace.settings.default === name,
    ...written,
  };
}
