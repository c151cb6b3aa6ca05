import { join, resolve } from 'node:path';
import { OcrpipeError, userError } from '../../base/errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { parseSharedText } from '../../config/config-file.js';
import type { NamedRemote } from '../../config/remotes.js';
import { readSettings } from '../../config/read-settings.js';
import type { RemoteSettings } from '../../config/settings.js';
import { modifying } from '../../remote/backends/correction.js';
import { openRemote } from '../../remote/backends/open-remote.js';
import { parseRemoteUrl, placeName } from '../../remote/backends/remote-url.js';
import type { Remote } from '../../remote/backends/remote.js';
import { FolderViewCache } from '../../remote/catalog/view-cache.js';
import type { ViewSource } from '../../remote/catalog/view-source.js';
import { LocalStore } from '../../store/local-store.js';
import { STATE_FOLDER } from '../find-workspace.js';
import type { SourceRepository } from './source-repository.js';
import { userCache } from './user-cache.js';

/** Where the bytes that another repository's pointers name can be had. */
export interface SourceData {
  /** For messages. */
  repository: string;
  /** The store of a workspace of this machine. It is read, and never changed. */
  store?: LocalStore;
  /** The remotes of its configuration, the default one first. */
  remotes: readonly NamedRemote[];
  /** Where relative folders of `remotes` start; undefined for a workspace of another machine. */
  root?: AbsPath;
}

/** What the workspace that holds `path` says of its data. Throws `no-workspace-there` where there is none. */
export async function sourceData(source: SourceRepository, path: RepoPath): Promise<SourceData> {
  const repository = source.address.text;
  const workspace = await source.workspaceOf(path);
  if (workspace === undefined) {
    throw userError('no-workspace-there', `${repository} has pointers and no .ocrstore/config.yaml`, {
      hint: `Commit '.ocrstore/config.yaml' there: it says which remote has the bytes of ${path}.`,
    });
  }
  const { remotes = {}, default: chosen } = parseSharedText(workspace.settings);
  const { folder } = source.address;
  const shared = inOrder(remotes, chosen);
  if (folder === undefined) return { repository, remotes: shared.map(withoutFiles) };
  const root = fromRepoPath(folder, workspace.folder);
  return { repository, root, ...onThisMachine(root, shared) };
}

/** The folder of the repository may be a workspace with a store, and with settings of this machine. */
function onThisMachine(
  root: AbsPath,
  shared: readonly NamedRemote[],
): { store?: LocalStore; remotes: readonly NamedRemote[] } {
  try {
    const state = join(root, STATE_FOLDER) as AbsPath;
    const { storePath, remotes, default: chosen } = readSettings(state);
    const store = LocalStore.inspect(storePath === undefined ? state : resolve(root, storePath));
    return { store, remotes: Object.keys(remotes).length > 0 ? inOrder(remotes, chosen) : shared };
  } catch (error) {
    if (error instanceof OcrpipeError) return { remotes: shared };
    throw error;
  }
}

/** Files of this machine are none of another repository's business: what they hold would go to a server that it names. */
function withoutFiles(settings: NamedRemote): NamedRemote {
  const rest = { ...settings };
  delete rest.caBundle;
  delete rest.sseCustomerKeyFile;
  return rest;
}

function inOrder(
  remotes: Readonly<Record<string, RemoteSettings>>,
  chosen: string | undefined,
): NamedRemote[] {
  const named = Object.entries(remotes).map(([name, settings]) => ({ name, ...settings }));
  return [...named.filter(({ name }) => name === chosen), ...named.filter(({ name }) => name !== chosen)];
}

/** A remote of another repository while it is used. */
export interface SourceRemote extends ViewSource {
  remote: Remote;
}

/**
 * Does `work` with the remotes of a source, one after the other, until one has what is wanted: a failure is thrown where it is
 * that of the last one. Throws `source-without-remote` where there is none.
 */
export async function withSourceRemotes<T>(
  data: SourceData,
  signal: AbortSignal,
  work: (source: SourceRemote) => Promise<T>,
): Promise<T> {
  let failure: OcrpipeError = userError(
    'source-without-remote',
    `${data.repository} has no remote that could be asked for its bytes`,
    { hint: "Run 'ocrpipe remote add' and 'ocrpipe push' there, and commit its configuration." },
  );
  for (const settings of data.remotes) {
    try {
      return await withOne(data, settings, signal, work);
    } catch (error) {
      if (!(error instanceof OcrpipeError) || signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function withOne<T>(
  data: SourceData,
  settings: NamedRemote,
  signal: AbortSignal,
  work: (source: SourceRemote) => Promise<T>,
): Promise<T> {
  const root = data.root ?? refuseRelative(data, settings);
  const remote = await openRemote(settings, root, modifying(settings.name));
  const folder = join(userCache(), 'remotes');
  const cache = new FolderViewCache(folder, placeName(settings, root));
  try {
    return await work({ remote, cache, accept: `rm -r ${shellQuote(folder)}`, signal });
  } finally {
    remote.close();
  }
}

/** A folder of another machine cannot be had here, nor told from one of this machine that has its name. */
function refuseRelative({ repository }: SourceData, { name, url }: NamedRemote): AbsPath {
  const isRelative = !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !url.startsWith('/');
  if (!isRelative) {
    parseRemoteUrl(url, NOWHERE);
    return NOWHERE;
  }
  throw userError(
    'source-remote-relative',
    `the remote '${name}' of ${repository} is the folder ${url}, seen from there`,
    {
      hint: 'Name the repository by its folder, if it is on this machine, or give it a remote that all can reach.',
    },
  );
}

/** No workspace is there: a folder that holds the workspace cannot be a remote. */
const NOWHERE = '/nonexistent/workspace' as AbsPath;
