import { join } from 'node:path';
import { readLocalFile } from '../config/config-file.js';
import { findRemote, type NamedRemote } from '../config/remotes.js';
import type { RemoteSettings } from '../config/settings.js';
import { OcrpipeError } from '../base/errors.js';
import type { Workspace } from '../project/workspace.js';
import { modifying, type Correction } from '../remote/backends/correction.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { placeName } from '../remote/backends/remote-url.js';
import type { Remote } from '../remote/backends/remote.js';
import { FolderViewCache } from '../remote/catalog/view-cache.js';
import type { ViewSource } from '../remote/catalog/view-source.js';

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
export interface RemoteSession extends ViewSource {
  /** Its name in the configuration. */
  name: string;
}

/** A remote of the configuration with what this machine remembers of it. */
export function sourceOf(workspace: Workspace, settings: NamedRemote, remote: Remote): ViewSource {
  const cache = rememberedOf(workspace, settings);
  return { remote, cache, accept: correcting(workspace, settings.name)({ url: settings.url }) };
}

/** What this machine remembers of a remote. */
export function rememberedOf(workspace: Workspace, settings: RemoteSettings): FolderViewCache {
  const folder = join(workspace.stateFolder, 'index', 'remotes');
  return new FolderViewCache(folder, placeName(settings, workspace.root));
}

/** Whatever is found there next is taken for the remote. */
export function forgetRemote(workspace: Workspace, settings: RemoteSettings): void {
  try {
    rememberedOf(workspace, settings).forget();
  } catch (error) {
    // Of an address that is none nothing is remembered.
    if (!(error instanceof OcrpipeError)) throw error;
  }
}

/** What to type for other settings, in the file that they come from. */
export function correcting({ stateFolder }: Workspace, name: string): Correction {
  const local = readLocalFile(stateFolder).remotes?.[name] ?? {};
  return modifying(name, (key) => key in local);
}

/** Opens the remote of this name (the default one if none is given), runs `work`, and measures what it moved. */
export async function withRemote<T extends { objects: number; packs: number }>(
  workspace: Workspace,
  name: string | undefined,
  work: (session: RemoteSession) => Promise<T>,
  limits: { bandwidth?: string | undefined } = {},
): Promise<{ result: T; transferred: Transferred }> {
  const started = performance.now();
  const settings = findRemote(workspace.settings, name);
  const { bandwidth = settings.bandwidth } = limits;
  const remote = await openRemote(
    { ...settings, ...(bandwidth !== undefined && { bandwidth }) },
    workspace.root,
    correcting(workspace, settings.name),
  );
  try {
    const result = await work({ name: settings.name, ...sourceOf(workspace, settings, remote) });
    const { requests, sentBytes, receivedBytes } = remote.traffic;
    const { objects, packs } = result;
    const seconds = Math.round(performance.now() - started) / 1000;
    return { result, transferred: { objects, packs, bytes: sentBytes + receivedBytes, requests, seconds } };
  } finally {
    remote.close();
  }
}

/** What two transfers did together. */
export function sumTransfers(a: Transferred, b: Transferred): Transferred {
  return {
    objects: a.objects + b.objects,
    packs: a.packs + b.packs,
    bytes: a.bytes + b.bytes,
    requests: a.requests + b.requests,
    seconds: a.seconds + b.seconds,
  };
}

/** True if there is a remote of this name, or a default one. */
export function hasRemote({ settings }: Workspace, name: string | undefined): boolean {
  return name !== undefined || settings.default !== undefined || Object.keys(settings.remotes).length > 0;
}
