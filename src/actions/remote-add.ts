import type { Call } from '../base/call.js';
import { addRemote, checkNewName } from '../config/remotes.js';
import { ensureProject } from '../config/project.js';
import type { RemoteSettings } from '../config/settings.js';
import { Workspace } from '../project/workspace.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { probeRemote, type Probed } from '../remote/backends/probe.js';
import { parseRemoteUrl } from '../remote/backends/remote-url.js';

export interface RemoteAddOptions {
  name: string;
  settings: RemoteSettings;
  makeDefault: boolean;
  /** Try it out first; nothing is added if it does not work. */
  check: boolean;
}

export interface RemoteAdded {
  name: string;
  url: string;
  default: boolean;
  /** What it was seen to do; absent if it was not tried out. */
  supports?: Probed;
}

/** Adds a remote to the configuration that git shares, after trying it out. The first one becomes the default. */
export async function remoteAdd(options: RemoteAddOptions, call: Call): Promise<RemoteAdded> {
  const { name, settings } = options;
  const workspace = Workspace.open(call, 'ocrpipe remote add');
  try {
    checkNewName(workspace.stateFolder, name);
    parseRemoteUrl(settings.url, workspace.root);
    const supports = options.check ? await tryOut(workspace, settings, call.signal) : undefined;
    await workspace.exclusively('config', () => {
      addRemote(workspace.stateFolder, { name, ...settings }, { makeDefault: options.makeDefault });
      ensureProject(workspace.stateFolder);
    });
    const isDefault = workspace.settings.default === name;
    return { name, url: settings.url, default: isDefault, ...(supports && { supports }) };
  } finally {
    workspace.close();
  }
}

async function tryOut(workspace: Workspace, settings: RemoteSettings, signal: AbortSignal): Promise<Probed> {
  const remote = await openRemote(settings, workspace.root);
  try {
    return await probeRemote(remote, signal);
  } finally {
    remote.close();
  }
}
