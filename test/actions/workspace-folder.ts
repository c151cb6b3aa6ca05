import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { add } from '../../src/actions/add.js';
import { checkout } from '../../src/actions/checkout.js';
import { commit } from '../../src/actions/commit.js';
import { diff } from '../../src/actions/diff.js';
import { makeWorkspace } from '../../src/actions/init.js';
import { mv } from '../../src/actions/mv.js';
import { rm, type RmInput } from '../../src/actions/rm.js';
import { status } from '../../src/actions/status.js';
import type { Call } from '../../src/base/call.js';
import { noEvents } from '../../src/base/events.js';
import type { LinkType } from '../../src/base/link-type.js';
import type { AbsPath } from '../../src/base/paths.js';

/** A workspace whose actions are called in this process. */
export class WorkspaceFolder {
  readonly root: AbsPath;

  constructor(root: AbsPath) {
    this.root = root;
  }

  get call(): Call {
    return { cwd: this.root, events: noEvents, signal: new AbortController().signal };
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  init(git = false) {
    return makeWorkspace({ git }, this.call);
  }

  add(...paths: string[]) {
    return add({ paths }, this.call);
  }

  status() {
    return status(this.call);
  }

  /** Throws what the checkout could not do. */
  async checkout(paths: string[] = [], force = false, links?: readonly LinkType[]) {
    const { failure, ...done } = await checkout({ targets: paths, force, links }, this.call);
    if (failure) throw failure;
    return done;
  }

  commit(...targets: string[]) {
    return commit({ targets }, this.call);
  }

  /** In the folder `from`, if one is given. */
  rm(paths: string[], how: Partial<RmInput> & { from?: string } = {}) {
    const { from = '.', ...flags } = how;
    const input = { paths, recursive: false, deleteFiles: false, force: false, ...flags };
    return rm(input, { ...this.call, cwd: join(this.root, from) as AbsPath });
  }

  mv(...paths: string[]) {
    return mv({ paths }, this.call);
  }

  diff(from?: string, to?: string) {
    return diff({ from, to }, this.call);
  }

  /** The state of one tracked path. */
  async state(path: string): Promise<string | undefined> {
    return (await this.status()).tracked.find((each) => each.path === path)?.state;
  }
}
