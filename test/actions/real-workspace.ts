import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import { gc } from '../../src/actions/gc.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import type { AbsPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { crashesOf } from '../rig/crashes.js';
import { git, gitCommitAll } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { causeOf } from './promises.js';
import { PLACES, sameFiles, textOf, type Files, type Model, type Place } from './workspace-model.js';
import { WorkspaceFolder } from './workspace-folder.js';

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
    this.a.write('box/README', 'keeps the folder there');
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

  /** Commits everything but the data itself: git sees that of a place which is not tracked any more. */
  commit(): void {
    const { root } = this.a;
    git(root, 'add', '-A');
    git(root, 'rm', '-r', '-q', '--cached', '--ignore-unmatch', ...PLACES);
    git(root, 'commit', '-q', '--allow-empty', '-m', 'a version');
  }

  /** By force, because the lines of an ignore file may stand in another order than on the branch that is left. */
  switchTo(branch: string): void {
    git(this.a.root, 'checkout', '-q', '-f', branch);
  }

  /** What really is at a place. */
  files(place: Place): Files {
    const top = this.a.path(place);
    if (!existsSync(top)) return new Map();
    if (!lstatSync(top).isDirectory()) return new Map([['', readFileSync(top, 'utf8')]]);
    const names = readdirSync(top, { recursive: true, encoding: 'utf8' })
      .map((name) => join(top, name))
      .filter((path) => !lstatSync(path).isDirectory() && !path.includes('.ocrpipe-tmp-'));
    return new Map(names.sort().map((path) => [relative(top, path), readFileSync(path, 'utf8')]));
  }

  /** True if `git add` would take what stands at a place. */
  isOpenToGit(place: Place): boolean {
    return git(this.a.root, 'ls-files', '--others', '--exclude-standard', '--', place) !== '';
  }

  /** The pointer of a place as it stands there, '' if there is none. */
  pointerText(place: Place): string {
    const file = this.a.path(`${place}.ocr`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Tells of contents whether the store has them now. */
  get holds(): (text: string) => boolean {
    const store = LocalStore.inspect(this.a.path('.ocrstore'));
    return (text) => store.holds('blob', contentIdOf(text), Buffer.byteLength(text));
  }

  /** Removes a file and the folders that are empty without it: an empty folder is content as well. */
  remove(path: string): void {
    rmSync(this.a.path(path));
    this.#prune(dirname(this.a.path(path)));
  }

  rename(from: string, to: string): void {
    mkdirSync(dirname(this.a.path(to)), { recursive: true });
    renameSync(this.a.path(from), this.a.path(to));
    this.#prune(dirname(this.a.path(from)));
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
  async pulledClone(): Promise<Real> {
    const clone = new Real(temporaryFolder());
    cpSync(join(this.base, 'remote'), join(clone.base, 'remote'), { recursive: true });
    git(clone.base, 'clone', '-q', '--template=', this.a.root, 'a');
    await pull({ targets: [], jobs: 2, force: false }, clone.a.call);
    return clone;
  }

  /** Lets work die at one of its write points: from now on, this is what it left. False if it came to its end before. */
  async crash(work: (a: WorkspaceFolder) => Promise<unknown>, point: number): Promise<boolean> {
    let reached = 0;
    const count = (): boolean => (reached += 1) === point;
    const [crash] = await crashesOf(this.base, () => didOrRefused(work(this.a)), count);
    if (!crash) return false;
    rmSync(this.base, { recursive: true });
    this.base = crash.root;
    // The model knows files only, and a folder that lost its last one just then is content as well.
    for (const place of PLACES) this.#removeEmptyFolders(this.a.path(place));
    return true;
  }

  #removeEmptyFolders(folder: string): void {
    if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return;
    for (const { name } of readdirSync(folder, { withFileTypes: true }))
      this.#removeEmptyFolders(join(folder, name));
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

/** The code with which a command refused, undefined if it did it; what is no refusal is thrown. */
export async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.exitCode !== 2) throw error;
    return error.code;
  }
}

/** What refuses to overwrite what somebody edited. */
const REFUSALS = ['would-lose-bytes', 'would-undo-edits', 'changed-on-both-sides', 'missing-data'];

/** Whether the command did it, or refused because an edit would be lost; anything else is thrown. */
export async function didOrRefused(work: Promise<unknown>): Promise<boolean> {
  const code = await refusal(work);
  if (code !== undefined) expect(REFUSALS).toContain(code);
  return code === undefined;
}

/** What stands in the workspace is what the model says. */
export function expectFiles(model: Model, real: Real): void {
  const textIn = (files: Files, place: Place): string => `${place}: ${textOf(files)}`;
  expect(PLACES.map((place) => textIn(real.files(place), place))).toEqual(
    PLACES.map((place) => textIn(model.at(place).files, place)),
  );
}

/** What `status` says is what the model says. It remembers what it finds to be clean. */
export async function expectStates(model: Model, real: Real): Promise<void> {
  const { tracked, notes } = await real.a.status();
  const warnings = notes.filter(({ message }) => !model.moving.has(message));
  const [first] = tracked.map(({ path }) => path as Place).filter((place) => real.isOpenToGit(place));
  const openToGit = expect.stringContaining(`git does not ignore the data of ${first}`) as string;
  // As after an 'rm' that died: the line that keeps the data out of git goes first, the pointer last.
  expect(warnings.map(({ message }) => message)).toEqual(first === undefined ? [] : [openToGit]);
  expect(tracked.map(({ path }) => path)).toEqual([...model.pointers.keys()].sort());
  for (const { path, state, cause } of tracked)
    expectState(model, real, { place: path as Place, state, cause });
}

function expectState(
  model: Model,
  real: Real,
  { place, state, cause }: { place: Place; state: string; cause: string | undefined },
): void {
  const known = model.at(place);
  if (known.files.size === 0) expect([place, state]).toEqual([place, 'missing']);
  else if (sameFiles(known.files, known.pointer)) {
    expect([place, state]).toEqual([place, model.committedPointers.has(place) ? 'clean' : 'new']);
    model.putThere(place);
  } else {
    const expected = causeOf(known, real.holds) ?? cause;
    expect([place, state, cause]).toEqual([place, 'modified', expected]);
  }
}
