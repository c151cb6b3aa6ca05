import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink } from '../base/events.js';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import { isLocked, withLock, type HeldLock, type LockOptions } from '../base/lock.js';
import { LockFiles } from '../base/lock-files.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { typedPath } from '../base/typed-path.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import type { Git } from '../git/git.js';
import { openGit } from '../git/simple-git.js';
import { outputAt } from '../pipeline/definition/read/output-at.js';
import type { LocalStore } from '../store/local-store.js';
import { RunRecords } from '../store/run-records.js';
import { useStore } from '../store/store-use.js';
import { TrackedFiles } from '../tracking/tracked-files.js';
import type { WorkspaceFiles } from '../tracking/workspace-files.js';
import { findWorkspace, STATE_FOLDER } from './find-workspace.js';
import { openWorkspaceStore, storePlace } from './workspace-store.js';

/** Locks that keep commands of one workspace apart. */
export type WorkspaceLock = 'repro' | 'pipeline-lock' | 'slots' | 'config';

/** What an action is called with: see `Call`. */
interface Caller {
  cwd: AbsPath;
  events: EventSink;
  signal: AbortSignal;
}

/** A workspace and its parts, each opened when it is first asked for. Opened once by an action and handed on. */
export class Workspace {
  readonly root: AbsPath;
  readonly stateFolder: AbsPath;
  readonly command: string;
  readonly #caller: Caller;
  readonly #locks = new LockFiles();
  readonly #parts: {
    git?: { opened: Git | undefined };
    store?: LocalStore;
    files?: WorkspaceFiles;
    use?: HeldLock;
  } = {};

  /**
   * The workspace that the caller's folder is in. `command` is what others that wait for it are told: 'ocrpipe add'. Throws
   * for a mistake in its settings, with the place.
   */
  static open(caller: Caller, command: string): Workspace {
    const workspace = new Workspace(findWorkspace(realFolder(caller.cwd)), caller, command);
    // Whoever works on with settings that cannot be read does without remotes, and says nothing of it.
    readSettings(workspace.stateFolder);
    return workspace;
  }

  private constructor(root: AbsPath, caller: Caller, command: string) {
    this.root = root;
    this.stateFolder = join(root, STATE_FOLDER) as AbsPath;
    this.command = command;
    this.#caller = { ...caller, cwd: realFolder(caller.cwd) };
  }

  /** Read anew each time, so that an edit is seen. Throws for a mistake in a file, with its place. */
  get settings(): Settings {
    return readSettings(this.stateFolder);
  }

  /** Undefined in a workspace without git. */
  get git(): Git | undefined {
    this.#parts.git ??= { opened: openGit(this.root) };
    return this.#parts.git.opened;
  }

  get store(): LocalStore {
    return (this.#parts.store ??= openWorkspaceStore(storePlace(this.root, this.settings)));
  }

  get records(): RunRecords {
    return new RunRecords(this.store.root);
  }

  get files(): WorkspaceFiles {
    return (this.#parts.files ??= this.#openFiles());
  }

  #openFiles(): WorkspaceFiles {
    const { link } = this.settings;
    return new TrackedFiles({
      root: this.root,
      store: this.store,
      git: this.git !== undefined,
      command: this.command,
      locks: this.#locks,
      makerOf: (path) => this.stageOf(path),
      ...(link && { links: link }),
    });
  }

  get events(): EventSink {
    return this.#caller.events;
  }

  get signal(): AbortSignal {
    return this.#caller.signal;
  }

  /** The stage whose output a path is; undefined too where pipeline.yaml cannot be read. */
  stageOf(path: RepoPath): string | undefined {
    try {
      const output = outputAt(this.root, path);
      return output?.path === path ? output.stage : undefined;
    } catch (error) {
      if (error instanceof OcrpipeError) return undefined;
      throw error;
    }
  }

  /** A path as it was typed, seen from the caller's folder. Throws `path-empty` and `path-outside-workspace`. */
  path(typed: string): RepoPath {
    return typedPath(this.root, typed, this.#caller.cwd);
  }

  /** Runs `work` while this process alone has the lock; waits for whoever has it, and says so if it takes more than a moment. */
  exclusively<T>(lock: WorkspaceLock, work: () => Promise<T> | T): Promise<T> {
    const path = join(this.stateFolder, 'locks', lock);
    const { files, ...once } = this.#locker;
    // These are taken for every stage, and given up as soon as something is written.
    const isBrief = lock === 'pipeline-lock' || lock === 'slots';
    const how = { ...once, ...(lock !== 'config' && { files }), ...(isBrief && { tellAfterMs: 1000 }) };
    return withLock({ path, what: LOCKED[lock], ...how }, work);
  }

  /** The same for one stage of the pipeline, by its name. */
  withStage<T>(stage: string, work: () => Promise<T> | T): Promise<T> {
    return withLock({ path: this.#stageLock(stage), what: `stage '${stage}'`, ...this.#locker }, work);
  }

  get #locker(): Omit<LockOptions, 'path' | 'what'> & { files: LockFiles } {
    const { events, signal } = this.#caller;
    return { command: this.command, files: this.#locks, events, signal };
  }

  /** True if a process has the stage to itself. */
  isStageTaken(stage: string): boolean {
    return isLocked(this.#stageLock(stage));
  }

  #stageLock(stage: string): string {
    return join(this.stateFolder, 'locks', 'stages', encodeURIComponent(stage));
  }

  /**
   * Says that this command relies on what is in the store, until it closes: nobody deletes anything at once meanwhile. To be
   * called before anything is stored, or named because it is there.
   */
  async useStore(): Promise<void> {
    const { events, signal } = this.#caller;
    this.#parts.use ??= await useStore({ root: this.store.root, command: this.command, events, signal });
  }

  /** Gives open files back. */
  close(): void {
    this.#locks.close();
    this.#parts.use?.release();
    this.#parts.store?.close();
  }
}

const LOCKED: Readonly<Record<WorkspaceLock, string>> = {
  repro: 'the pipeline',
  'pipeline-lock': 'pipeline.lock',
  slots: 'the slots of stages',
  config: 'the configuration',
};

/** The folder with all links followed, so that paths below the root are told from others by their names. */
function realFolder(folder: AbsPath): AbsPath {
  try {
    return realpathSync(folder) as AbsPath;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw userError('no-such-folder', `there is no folder ${folder}`, {
      hint: 'Name an existing one with -C.',
    });
  }
}
