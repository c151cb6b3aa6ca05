import { userError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { CONFIG_FILES, readLocalFile, readSharedFile } from './config-file.js';
import { DEFAULT_GRACE_MS, graceMs } from './settings.js';
import type {
  ExecutorSettings,
  LocalSettings,
  RemoteSettings,
  Settings,
  SharedSettings,
} from './settings.js';

/** The settings of a workspace: `config.yaml` in `folder` (`.ocrstore/`), overridden key by key by `config.local.yaml`. */
export function readSettings(folder: AbsPath): Settings {
  const shared = readSharedFile(folder);
  const local = readLocalFile(folder);
  const chosen = local.default ?? shared.default;
  const project = local.project ?? shared.project;
  const link = local.link ?? shared.link;
  const storePath = local.store?.path;
  const grace = local.gc?.grace ?? shared.gc?.grace;
  return {
    graceMs: grace === undefined ? DEFAULT_GRACE_MS : graceMs(grace),
    remotes: mergeRemotes(shared, local),
    pools: { ...shared.pools, ...local.pools },
    ...mergeExecutors(shared, local),
    ...(chosen === undefined ? {} : { default: chosen }),
    ...(project === undefined ? {} : { project }),
    ...(link === undefined ? {} : { link }),
    ...(storePath === undefined ? {} : { storePath }),
  };
}

function mergeRemotes(shared: SharedSettings, local: LocalSettings): Record<string, RemoteSettings> {
  const merged: Record<string, RemoteSettings> = { ...shared.remotes };
  for (const [name, override] of Object.entries(local.remotes ?? {})) {
    const { url, ...rest } = { ...merged[name], ...override };
    if (url === undefined) {
      throw userError('invalid-value', `the remote '${name}' has no url`, {
        location: { file: `.ocrstore/${CONFIG_FILES.local}` },
        hint: `Give it one there, or name a remote of ${CONFIG_FILES.shared}.`,
      });
    }
    merged[name] = { url, ...rest };
  }
  return merged;
}

/** One that only the local file names, without a type, is a cluster. */
function mergeExecutors(shared: SharedSettings, local: LocalSettings): Pick<Settings, 'executors'> {
  if (shared.executors === undefined && local.executors === undefined) return {};
  const merged: Record<string, ExecutorSettings> = { ...shared.executors };
  for (const [name, override] of Object.entries(local.executors ?? {})) {
    const { type = 'slurm', ...others } = { ...merged[name], ...override };
    merged[name] = { type, ...others };
  }
  return { executors: merged };
}
