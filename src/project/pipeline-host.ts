import type { JsonValue } from '../base/canonical-json.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import { repoPath } from '../base/paths.js';
import type { Fetcher, PipelineHost, RunRecords } from '../pipeline/host.js';
import type { RunId, RunRecords as StoredRecords } from '../store/run-records.js';
import { partsListed } from '../tracking/partial/needed-parts.js';
import { remoteInReach } from './remote-in-reach.js';
import { fileChanges } from './renames.js';
import { directoryChanges, entryWithin } from './stored-directory.js';
import type { Workspace } from './workspace.js';

/** What a command asks beyond the workspace. */
export interface Asking {
  /** False: nothing elsewhere is asked which version it is. */
  readonly urls?: boolean;
  /** For commands that were told to bring what is not here. */
  readonly fetcher?: Fetcher | undefined;
  /** For commands that run stages. */
  readonly jobRemote?: PipelineHost['jobRemote'];
}

/** What the pipeline needs of a workspace. */
export function pipelineHost(workspace: Workspace, asking: Asking = {}): PipelineHost {
  const { root, stateFolder, store, files, events, signal } = workspace;
  return {
    root,
    stateFolder,
    files,
    records: readableRecords(workspace.records),
    within: (directory, path) => entryWithin(store, directory, path),
    partsIn: (directory, pattern) => partsListed(store, directory, pattern),
    changes: (before, after, nodes) => fileChanges(directoryChanges(store, before, { ...after, nodes })),
    exclusively: (name, work) => workspace.exclusively(name, work),
    withStage: (stage, work) => workspace.withStage(stage, work),
    isStageTaken: (stage) => workspace.isStageTaken(stage),
    get pools() {
      return workspace.settings.pools;
    },
    get executors() {
      return workspace.settings.executors ?? {};
    },
    get canPull() {
      return remoteInReach(workspace) !== undefined;
    },
    ...(asking.fetcher && { fetcher: asking.fetcher }),
    ...(asking.jobRemote && { jobRemote: asking.jobRemote }),
    inGit: async (paths) => (await workspace.git?.tracked(paths.map(repoPath))) ?? [],
    ignoredByGit: async (paths) => (await workspace.git?.ignored(paths)) ?? [],
    gitFiles: async (path) => workspace.git?.holdable(path),
    urlVersion: async (dep) => (asking.urls === false ? undefined : await versionThere(workspace, dep)),
    lastInGit: async (path) => workspace.git?.lastWith(path),
    events,
    signal,
  };
}

/** Whoever depends on nothing elsewhere does not load what asks there. */
async function versionThere(workspace: Workspace, dep: { url: string; remote?: string }): Promise<string> {
  const { urlVersion } = await import('./source/url-version.js');
  return urlVersion(workspace, dep);
}

/** A damaged record is passed over: the stage runs again, and `fsck` finds it. */
function readableRecords(records: StoredRecords): RunRecords {
  return {
    find: (key) => records.list(key).flatMap((record) => readOrNothing(records, { key, record })),
    all: function* () {
      for (const run of records.all()) yield* readOrNothing(records, run);
    },
    several: () => {
      const seen = new Set<ContentId>();
      const again = [...records.all()].filter(({ key }) => seen.size === seen.add(key).size);
      return new Set(again.map(({ key }) => key));
    },
    put: async (key: ContentId, record: JsonValue) => {
      await records.putSoon(key, record);
    },
  };
}

function readOrNothing(records: StoredRecords, run: RunId): JsonValue[] {
  try {
    return [records.read(run)];
  } catch (error) {
    if (error instanceof OcrpipeError) return [];
    throw error;
  }
}
