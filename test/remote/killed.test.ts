import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import type { AbsPath } from '../../src/base/paths.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { crashesOf } from '../rig/crashes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';

/** A folder that holds a workspace `a`, its remote, and `b`, which has the pointers only. */
async function beforePush(): Promise<string> {
  const root = temporaryFolder();
  const { a, b } = workspacesIn(root);
  for (const { root: each } of [a, b]) mkdirSync(each);
  a.init();
  for (const name of ['1/x', '1/y', '2/z']) a.write(`data/${name}`, randomBytes(2000));
  a.write('data/large', randomBytes(1_100_000));
  await a.add('data');
  const settings = { url: '../remote' };
  await remoteAdd({ name: 'disk', settings, makeDefault: true, check: true }, a.call);
  b.init();
  for (const name of ['data.ocr', '.ocrstore/config.yaml']) cpSync(a.path(name), b.path(name));
  return root;
}

function workspacesIn(root: string): { a: WorkspaceFolder; b: WorkspaceFolder } {
  const at = (name: string) => new WorkspaceFolder(join(root, name) as AbsPath);
  return { a: at('a'), b: at('b') };
}

const pushFrom = ({ call }: WorkspaceFolder) => push({ targets: [], verify: false, jobs: 2 }, call);
const pullTo = ({ call }: WorkspaceFolder) => pull({ targets: [], jobs: 2, force: false }, call);

function expectWholeNames(root: string): void {
  const packs = join(root, 'remote/packs');
  for (const name of existsSync(packs) ? readdirSync(packs) : [])
    expect(name).toMatch(/^[0-9a-f]{64}\.(pack|cat)$/);
}

describe('a transfer that is killed at any of its writes', () => {
  it('leaves nothing half-visible of a push, and the next one completes it', async () => {
    const before = await beforePush();
    const crashes = await crashesOf(before, () => pushFrom(workspacesIn(before).a));
    expect(crashes.length).toBeGreaterThan(5);
    for (const { root } of crashes) {
      const { a, b } = workspacesIn(root);
      expectWholeNames(root);
      await pushFrom(a);
      await pullTo(b);
      expect(listing(b.path('data'))).toEqual(listing(a.path('data')));
      rmSync(root, { recursive: true });
    }
  });

  it('leaves nothing of a pull that the next one does not complete', async () => {
    const before = await beforePush();
    await pushFrom(workspacesIn(before).a);
    const crashes = await crashesOf(before, () => pullTo(workspacesIn(before).b));
    expect(crashes.length).toBeGreaterThan(5);
    for (const { root } of crashes) {
      const { a, b } = workspacesIn(root);
      await pullTo(b);
      expect(listing(b.path('data'))).toEqual(listing(a.path('data')));
      expect(await b.state('data')).toBe('clean');
      rmSync(root, { recursive: true });
    }
  });

  it('leaves no second file of a large one beside its place, and the next one puts it there', async () => {
    const root = temporaryFolder();
    const { a, b } = workspacesIn(root);
    for (const { root: each } of [a, b]) mkdirSync(each);
    a.init();
    a.write('models/weights', randomBytes(4_200_000));
    await a.add('models/weights');
    await remoteAdd({ name: 'disk', settings: { url: '../remote' }, makeDefault: true, check: true }, a.call);
    await pushFrom(a);
    b.init();
    for (const name of ['models/weights.ocr', '.ocrstore/config.yaml']) cpSync(a.path(name), b.path(name));
    const crashes = await crashesOf(root, () => pullTo(b));
    // It was written along.
    expect(crashes.some((crash) => besideWeights(crash.root).length > 0)).toBe(true);
    for (const crash of crashes) {
      await pullTo(workspacesIn(crash.root).b);
      expect(
        readFileSync(join(crash.root, 'b/models/weights')).equals(readFileSync(a.path('models/weights'))),
      ).toBe(true);
      expect(besideWeights(crash.root)).toEqual([]);
      rmSync(crash.root, { recursive: true });
    }
    expect(await b.state('models/weights')).toBe('clean');
    expect(statSync(b.path('models/weights')).nlink).toBe(1);
  });
});

/** Temporary names in the folder of the weights. */
function besideWeights(root: string): string[] {
  const known = ['.gitignore', 'weights', 'weights.ocr'];
  return readdirSync(join(root, 'b/models')).filter((name) => !known.includes(name));
}
