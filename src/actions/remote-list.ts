import type { Call } from '../base/call.js';
import type { RemoteSettings } from '../config/settings.js';
import { Workspace } from '../project/workspace.js';

export interface ListedRemote extends RemoteSettings {
  name: string;
  default: boolean;
}

/** The remotes of the workspace, sorted by name. */
export function remoteList(call: Call): ListedRemote[] {
  const workspace = Workspace.open(call, 'ocrpipe remote list');
  const { settings } = workspace;
  const names = Object.keys(settings.remotes).sort();
  return names.map((name) => ({ name, ...settings.remotes[name]!, default: settings.default === name }));
}
