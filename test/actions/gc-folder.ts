import { existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gc, type GcInput, type GcResult } from '../../src/actions/gc.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { push } from '../../src/actions/push.js';
import type { Call } from '../../src/base/call.js';
import type { AbsPath } from '../../src/base/paths.js';
import { git } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A workspace whose store is collected, in this process. */
export class GcFolder extends WorkspaceFolder {
  static withGit(root: AbsPath = temporaryFolder()): GcFolder {
    mkdirSync(root, { recursive: true });
    git(root, 'init', '-q', '-b', 'main');
    const folder = new GcFolder(root);
    folder.init(true);
    return folder;
  }

  static withoutGit(root: AbsPath = temporaryFolder()): GcFolder {
    mkdirSync(root, { recursive: true });
    const folder = new GcFolder(root);
    folder.init();
    return folder;
  }

  /** Keeps what the workspace needs and nothing else, whether a remote has it or not, unless told otherwise. */
  gc(input: Partial<GcInput> = {}, call: Call = this.call): Promise<GcResult> {
    const usual = { projects: [], forgetWorkspaces: [], allowMissing: false };
    const careful = { now: false, dryRun: false };
    return gc({ workspace: true, unpushed: true, ...usual, ...careful, ...input }, call);
  }

  /** Stores one version of `data` and commits its pointer; returns the commit. */
  async version(content: string): Promise<string> {
    await this.put(content);
    return this.commitAll(content);
  }

  /** Stores one version of `data`: two small files and a large one. */
  async put(content: string): Promise<void> {
    this.remove('data');
    this.write('data/a', content);
    this.write('data/below/same', 'the same in all');
    this.write('data/large', Buffer.alloc(1024 * 1024, content));
    await this.add('data');
  }

  commitAll(message: string): string {
    git(this.root, 'add', '-A');
    git(this.root, 'commit', '-q', '-m', message);
    return git(this.root, 'rev-parse', 'HEAD').trim();
  }

  git(...args: string[]): string {
    return git(this.root, ...args);
  }

  /** The version that a commit names can be had: returns what is in it. */
  async contentAt(commit: string): Promise<string> {
    this.git('checkout', '-q', commit);
    await this.checkout([], true);
    return this.read('data/a');
  }

  async pushAll(): Promise<AbsPath> {
    const remote = temporaryFolder();
    const settings = { url: remote };
    await remoteAdd({ name: 'team', settings, makeDefault: true, check: false }, this.call);
    await this.push();
    return remote;
  }

  push() {
    return push({ targets: [], verify: false, jobs: 2 }, this.call);
  }

  /** As if everything in the trash had been condemned so many days earlier. */
  age(days: number): void {
    const trash = this.path('.ocrstore/trash');
    if (!existsSync(trash)) return;
    for (const time of readdirSync(trash)) {
      renameSync(join(trash, time), join(trash, String(Number(time) - days * DAY_MS)));
    }
    for (const name of this.files('trash')) {
      const { mtimeMs } = statSync(join(trash, name));
      const before = (mtimeMs - days * DAY_MS) / 1000;
      utimesSync(join(trash, name), before, before);
    }
  }

  /** The files of the store below a folder, sorted; those of the trash without their time. */
  files(folder: string): string[] {
    const below = this.path(`.ocrstore/${folder}`);
    if (!existsSync(below)) return [];
    return readdirSync(below, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(below.length + 1))
      .sort();
  }
}
