import { join } from 'node:path';
import { newWorkspace, TestWorkspace } from '../../rig/workspace.js';
import type { temporaryFolder } from '../../rig/temporary-folder.js';

/** Bytes that no pack holds: files of 1 MiB and more stand by themselves. */
export const LARGE = Buffer.alloc(1_200_000, 'large ');

/** A workspace whose data others use, with a remote that is a folder, and an empty cache of the user's. */
export class Source {
  readonly home: string;
  readonly workspace: TestWorkspace;
  readonly env: Record<string, string>;

  private constructor(home: string, workspace: TestWorkspace) {
    this.home = home;
    this.workspace = workspace;
    this.env = { XDG_CACHE_HOME: join(home, 'cache') };
  }

  /** `data/raw` (with a folder and a large file) and `model.bin` are tracked and pushed; `README.md` and `src/` are git's. */
  static async make(home: ReturnType<typeof temporaryFolder>): Promise<Source> {
    const workspace = await newWorkspace(join(home, 'source'));
    const source = new Source(home, workspace);
    workspace.write('README.md', 'what this is\n');
    workspace.write('src/train.sh', '#!/bin/sh\n');
    workspace.write('data/raw/a.txt', 'a');
    workspace.write('data/raw/sub/b.txt', 'bb');
    workspace.write('data/raw/sub/large.bin', LARGE);
    workspace.write('model.bin', 'weights');
    await workspace.ocrpipe('remote', 'add', 'team', join(home, 'remote'));
    await workspace.ocrpipe('add', 'data/raw', 'model.bin');
    await workspace.ocrpipe('push');
    await workspace.commit('first');
    return source;
  }

  get url(): string {
    return `file://${this.workspace.root}`;
  }

  /** The place of an empty folder beside the workspace, where commands run with the cache of this source. */
  at(name: string): TestWorkspace {
    return new TestWorkspace(join(this.home, name), this.env);
  }

  /** Another workspace, in git. */
  async user(name: string): Promise<TestWorkspace> {
    const { root } = await newWorkspace(join(this.home, name));
    return new TestWorkspace(root, this.env);
  }

  /** Takes everything away that the workspace has stored here: only its remote has the bytes then. */
  forgetStore(): void {
    for (const folder of ['objects', 'packs']) this.workspace.remove(`.ocrstore/${folder}`);
  }
}
