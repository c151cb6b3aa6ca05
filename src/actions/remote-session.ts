import { join } from 'node:path';
import { findRemote } from '../config/remotes.js';
import type { Workspace } from '../project/workspace.js';
import { modifying } from '../remote/backends/correction.js';
import { openRemote } from '../remote/backends/open-remote.js';
import type { Remote } from '../remote/backends/remote.js';
import { FolderViewCache, type ViewCache } from '../remote/catalog/view-cache.js';

/** What push, fetch and pull print with `--json`. */
export interface Transferred {
  objects: number;
  packs: number;
  /** Bytes that went over the wire. */
  bytes: number;
  requests: number;
  seconds: number;
}

/** A remote in use by one command. */
export interface RemoteSession {
  /** Its name in the configuration. */
  name: string;
  remote: Remote;
  cache: ViewCache;
}

/** Opens the remote of this name (the default one if none is given), runs `work`, and measures what it moved. */
export async function withRemote<T extends { objects: number; packs: number }>(
  workspace: Workspace,
  name: string | undefined,
  work: (session: RemoteSession) => Promise<T>,
): Promise<{ result: T; transferred: Transferred }> {
  const started = performance.now();
  const settings = findRemote(workspace.settings, name);
  const remote = await openRemote(settings, workspace.root, modifying(settings.name));
  try {
    const cache = new FolderViewCache(join(workspace.stateFolder, 'index', 'remotes'));
    const result = await work({ name: settings.name, remote, cache });
    const { requests, sentBytes, receivedBytes } = remote.traffic;
    const { objects, packs } = result;
    const seconds = Math.round(performance.now() - started) / 1000;
    return { result, transferred: { objects, packs, bytes: sentBytes + receivedBytes, requests, seconds } };
  } finally {
    remote.close();
  }
}
