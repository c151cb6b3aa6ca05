import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { gc } from '../../src/actions/gc.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { OcrpipeError } from '../../src/base/errors.js';
import type { AbsPath } from '../../src/base/paths.js';
import { crashesOf } from '../rig/crashes.js';
import { git, gitCommitAll } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** Names below `data` and their contents. */
export type Files = ReadonlyMap<string, string>;

/** What refuses to overwrite what somebody edited. */
const REFUSALS = ['would-lose-bytes', 'would-undo-edits', 'changed-on-both-sides'];

/** What is known of a workspace without looking at it: what the user did, and what the commands promise. */
export class Model {
  files: Files = new Map();
  /** What the pointer names. */
  pointer: Files | undefined;
  /** What ocrpipe last put at `data`, or took from there; undefined where that is not certain. */
  lastPut: Files | undefined;
  readonly branches = new Map<string, Files | undefined>([['main', undefined]]);
  branch = 'main';
  /** What a checkout that died began to put there; `surely` if something of it is there. */
  begun: { files: Files; surely: boolean } | undefined;
  /** Contents that some commit names. */
  readonly committed = new Set<string>();
  /** Contents that may be in the store. */
  readonly stored = new Set<string>();
  /** Versions that the remote has, as text. */
  readonly pushed = new Set<string>();

  /** What stands at `data` is in the store, the pointer names it. */
  store(): void {
    this.pointer = this.files;
    this.lastPut = this.files;
    this.begun = undefined;
    for (const text of this.files.values()) this.stored.add(text);
  }

  /** Some commit names what the pointer does. */
  commit(): void {
    for (const text of this.pointer?.values() ?? []) this.committed.add(text);
  }

  /** Garbage is gone: what commits and the pointer name stays. */
  collect(): void {
    this.stored.clear();
    for (const text of [...this.committed, ...(this.pointer?.values() ?? [])]) this.stored.add(text);
  }

  get committedPointer(): Files | undefined {
    return this.branches.get(this.branch);
  }
}

/** The workspace itself: `a` in a folder that also holds its remote. */
export class Real {
  base: string;

  /** A new one, or the one that is at `base`. */
  constructor(base?: string) {
    this.base = base ?? temporaryFolder();
    if (base !== undefined) return;
    mkdirSync(this.a.root);
    git(this.a.root, 'init', '-q', '--template=', '-b', 'main');
    this.a.init(true);
    gitCommitAll(this.a.root, 'begun');
  }

  async addRemote(): Promise<void> {
    const settings = { url: '../remote' };
    await remoteAdd({ name: 'disk', settings, makeDefault: true, check: false }, this.a.call);
    mkdirSync(join(this.base, 'remote'), { recursive: true });
    gitCommitAll(this.a.root, 'a remote');
  }

  get a(): WorkspaceFolder {
    return new WorkspaceFolder(join(this.base, 'a') as AbsPath);
  }

  /** What really is below `data`. */
  files(): Files {
    const top = this.a.path('data');
    if (!existsSync(top)) return new Map();
    const names = readdirSync(top, { recursive: true, encoding: 'utf8' })
      .map((name) => join(top, name))
      .filter((path) => !lstatSync(path).isDirectory() && !path.includes('.ocrpipe-tmp-'));
    return new Map(names.sort().map((path) => [relative(top, path), readFileSync(path, 'utf8')]));
  }

  /** Removes a file and the folders that are empty without it: an empty folder is content as well. */
  remove(name: string): void {
    rmSync(this.a.path(`data/${name}`));
    this.#prune(dirname(this.a.path(`data/${name}`)));
  }

  rename(from: string, to: string): void {
    mkdirSync(dirname(this.a.path(`data/${to}`)), { recursive: true });
    renameSync(this.a.path(`data/${from}`), this.a.path(`data/${to}`));
    this.#prune(dirname(this.a.path(`data/${from}`)));
  }

  #prune(folder: string): void {
    if (folder === this.a.root || readdirSync(folder).length > 0) return;
    rmdirSync(folder);
    this.#prune(dirname(folder));
  }

  push = () => push({ targets: [], verify: false, jobs: 2 }, this.a.call);

  gc = () =>
    gc(
      {
        ...{ projects: [], forgetWorkspaces: [], commits: true, unpushed: true },
        ...{ allowMissing: false, now: true, dryRun: false },
      },
      this.a.call,
    );

  /** A clone of the last commit, somewhere else, with what a pull brings. */
  async pulledClone(): Promise<Files> {
    const clone = new Real(temporaryFolder());
    cpSync(join(this.base, 'remote'), join(clone.base, 'remote'), { recursive: true });
    git(clone.base, 'clone', '-q', '--template=', this.a.root, 'a');
    await pull({ targets: [], jobs: 2, force: false }, clone.a.call);
    return clone.files();
  }

  /** Lets work die at one of its write points: from now on, this is what it left. */
  async crash(work: (a: WorkspaceFolder) => Promise<unknown>, point: number): Promise<void> {
    let reached = 0;
    const count = (): boolean => (reached += 1) === point;
    const [crash] = await crashesOf(this.base, () => didOrRefused(work(this.a)), count);
    if (!crash) return;
    this.base = crash.root;
    // The model knows files only, and a folder that lost its last one just then is content as well.
    this.#removeEmptyFolders(this.a.path('data'));
  }

  #removeEmptyFolders(folder: string): void {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) this.#removeEmptyFolders(join(folder, entry.name));
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

/** Whether the command did it, or refused because an edit would be lost; anything else is thrown. */
export async function didOrRefused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    expect(REFUSALS).toContain(error.code);
    return false;
  }
}

export function sameFiles(a: Files | undefined, b: Files | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && textOf(a) === textOf(b));
}

export function textOf(files: Files): string {
  return JSON.stringify([...files].sort());
}

/** Workspace, status and store say what the model says. */
export async function expectAgreement(model: Model, real: Real): Promise<void> {
  expect(textOf(real.files())).toBe(textOf(model.files));
  const state = await real.a.state('data');
  if (model.pointer === undefined) expect(state).toBeUndefined();
  else if (model.files.size === 0) expect(state).toBe('missing');
  else if (!sameFiles(model.files, model.pointer)) expect(state).toBe('modified');
  else {
    expect(state).toBe(model.committedPointer === undefined ? 'new' : 'clean');
    model.lastPut = model.files;
    model.begun = undefined;
  }
}

export async function expectSound(real: Real): Promise<void> {
  const { damaged, missing, problems } = await fsck({}, real.a.call);
  expect({ damaged, missing, problems }).toEqual({ damaged: [], missing: [], problems: [] });
}
