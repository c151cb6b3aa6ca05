import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** A workspace with a small and a large tracked file, and a folder as its remote. */
class Tracked extends WorkspaceFolder {
  readonly small = 'small text';
  readonly large = Buffer.alloc(1_500_000, 7);

  static async make(): Promise<Tracked> {
    const workspace = new Tracked(temporaryFolder());
    workspace.init();
    workspace.write('data/small', workspace.small);
    workspace.write('data/other', 'other text');
    workspace.write('data/large', workspace.large);
    await workspace.add('data');
    const settings = { url: temporaryFolder() };
    await remoteAdd({ name: 'disk', settings, makeDefault: true, check: false }, workspace.call);
    return workspace;
  }

  push() {
    return push({ targets: [], jobs: 2, verify: false }, this.call);
  }

  pull() {
    return pull({ targets: [], jobs: 2, force: false }, this.call);
  }

  /** Changes a byte of the pack of files, or of the large object, of the local store. */
  damage(what: 'pack' | 'object'): void {
    const store = this.path('.ocrstore');
    const folder = join(store, what === 'pack' ? 'packs' : 'objects');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const file = files.find((each) => what === 'object' || readFileSync(each).includes(this.small))!;
    const bytes = readFileSync(file);
    bytes[bytes.indexOf(what === 'pack' ? this.small : Buffer.alloc(16, 7))]! ^= 1;
    chmodSync(file, 0o644);
    writeFileSync(file, bytes);
  }
}

describe.each(['pack', 'object'] as const)('a damaged %s of the local store', (what) => {
  it('stops a push, which says what to do; add heals it from the workspace, and the push works', async () => {
    const workspace = await Tracked.make();
    workspace.damage(what);
    const refused = workspace.push();
    await expect(refused).rejects.toMatchObject({
      code: 'object-damaged',
      hint: expect.stringMatching(/'ocrpipe add'.*'ocrpipe pull'/) as unknown,
    });
    await workspace.add('data');
    expect((await workspace.push()).objects).toBeGreaterThan(0);
    expect(await workspace.push()).toMatchObject({ objects: 0 });
  });

  it('is healed from a remote by pull, also where the files are gone', async () => {
    const workspace = await Tracked.make();
    await workspace.push();
    workspace.remove('data');
    workspace.damage(what);
    // The first one meets the damage when it writes the file, and takes that as a reason to fetch.
    await workspace.pull();
    expect(workspace.read('data/small')).toBe(workspace.small);
    expect(workspace.read('data/other')).toBe('other text');
    expect(readFileSync(workspace.path('data/large')).equals(workspace.large)).toBe(true);
    expect(await workspace.state('data')).toBe('clean');
    expect(await workspace.push()).toMatchObject({ objects: 0 });
  });
});
