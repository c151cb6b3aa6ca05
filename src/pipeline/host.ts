import type { JsonValue } from '../base/canonical-json.js';
import type { ContentId } from '../base/content-id.js';
import type { EventSink } from '../base/events.js';
import type { ExecutorSettings, RemoteSettings } from '../config/settings.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import type { Remote } from '../remote/backends/remote.js';
import type { FetchRoot } from '../remote/fetch/fetch-input.js';
import type { PushRoot } from '../remote/push/push-plan.js';
import type { ObjectReader } from '../store/object-reader.js';
import type { ListedParts } from '../tracking/partial/needed-parts.js';
import type { PointedPath, Snapshot, WorkspaceFiles } from '../tracking/workspace-files.js';
import type { PathPattern } from '../base/path-pattern.js';
import type { Resources, UrlDependency } from './definition/stage/stage.js';

/** Where run records are kept, each under the key of its inputs. */
export interface RunRecords {
  /** Every readable record under this key, by ascending record id. */
  find(key: ContentId): readonly JsonValue[];
  /** Every readable record. */
  all(): Iterable<JsonValue>;
  /** The keys under which there are several. */
  several(): ReadonlySet<ContentId>;
  /** Keeps one durably; keeping it again changes nothing. */
  put(key: ContentId, record: JsonValue): Promise<void>;
}

/** A file of a directory that is not what it was; `old` and `new` are content ids, which links do not have. */
export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'renamed';
  /** Of a renamed file: where it was. */
  readonly from?: string;
  readonly old?: ContentId;
  readonly new?: ContentId;
}

/** What is needed of a tracked path: all of it, or what a pattern means of the directory. */
export interface NeededPath extends PointedPath {
  readonly parts?: PathPattern | undefined;
}

/** Brings what other machines stored here, from remotes and from where imports are from. */
export interface Fetcher {
  /** Every run record under these keys that a remote has. Throws where it cannot be asked. */
  runs(keys: readonly ContentId[]): Promise<void>;
  /** What these paths are to hold, into the store; what is nowhere is left out. Throws where a remote cannot be asked. */
  bring(wanted: readonly NeededPath[]): Promise<void>;
}

/** A remote over which jobs that share nothing else with this machine get what they read, and give what they made. */
export interface JobRemote {
  readonly remote: Remote;
  /** How another machine opens it; no credentials. */
  readonly settings: RemoteSettings;
  /** Whose data it is. */
  readonly project: string;
  /** Sends what the remote lacks of it; with `verify` it is read first. Throws what the transfer fails with. */
  push(roots: readonly PushRoot[], options: { verify: boolean }): Promise<void>;
  /** Brings it into the store, verified. Throws what the transfer fails with. */
  fetch(roots: readonly FetchRoot[]): Promise<void>;
}

/** What a pipeline needs of the workspace that it runs in. */
export interface PipelineHost {
  readonly root: AbsPath;
  /** `.ocrstore` of the workspace, for logs, marks of running stages and the like. */
  readonly stateFolder: AbsPath;
  readonly files: WorkspaceFiles;
  readonly records: RunRecords;
  /** What a stored directory holds at a path below it; undefined if nothing, or if the store does not have the listing. */
  within(directory: Snapshot, path: string): Snapshot | undefined;
  /** What a pattern means of a tracked directory, see `partsListed`; undefined where only the whole will do. */
  readonly partsIn: (directory: PointedPath, pattern: PathPattern) => ListedParts | undefined;
  /**
   * What differs between two directories, by path; undefined if the store does not have the listing of both. `nodes`: where
   * those of `after` are read instead.
   */
  changes(before: Snapshot, after: Snapshot, nodes?: ObjectReader): FileChange[] | undefined;
  /** Runs `work` while this process alone holds the named lock of the workspace; waits for whoever has it. */
  exclusively<T>(name: 'repro' | 'pipeline-lock' | 'slots', work: () => Promise<T>): Promise<T>;
  /** Runs `work` while this process alone may run, restore or record a stage; waits for whoever does, and says so. */
  withStage<T>(stage: string, work: () => Promise<T>): Promise<T>;
  /** True if a process has the stage to itself. */
  isStageTaken(stage: string): boolean;
  /** Those of `paths` that are in git's index: an output that the store shall hold must not be. */
  inGit(paths: readonly string[]): Promise<readonly string[]>;
  /** Those of `paths` that git ignores and does not hold. */
  ignoredByGit(paths: readonly RepoPath[]): Promise<readonly RepoPath[]>;
  /** The files at or below a path that git holds, or would take up with `git add`; undefined without git. */
  gitFiles(path: RepoPath): Promise<readonly RepoPath[] | undefined>;
  /**
   * Which version of something elsewhere there is now, as one text; undefined where nothing elsewhere is to be asked. Throws where it
   * cannot be told.
   */
  urlVersion(url: Pick<UrlDependency, 'url' | 'remote'>): Promise<string | undefined>;
  /** The revision to take a file from that is deleted here: HEAD, or the last commit that has it. Undefined if none has. */
  lastInGit(path: RepoPath): Promise<string | undefined>;
  /** Sizes of further pools that stages may take from, and of the usual ones where they shall be other than the machine's. */
  readonly pools: Resources;
  /** Places where stages run, beside this machine. */
  readonly executors: Readonly<Record<string, ExecutorSettings>>;
  /** True if there is a remote within reach that `ocrpipe pull` would ask. */
  readonly canPull: boolean;
  /** Opens the remote of this name for jobs. Throws `unknown-remote`. Absent where nothing runs. */
  readonly jobRemote?: (name: string) => Promise<JobRemote>;
  /** Absent unless a command was told to bring what is not here. */
  readonly fetcher?: Fetcher;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}
