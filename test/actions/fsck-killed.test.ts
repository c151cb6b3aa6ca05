import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foundDamage, fsck } from '../../src/actions/fsck.js';
import type { AbsPath } from '../../src/base/paths.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { RunRecords } from '../../src/store/run-records.js';
import { crashesOf, pointsMet } from '../rig/crashes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const LARGE = Buffer.alloc(1_100_000, 3);

/** Changes the last place of `text` in the file below the store's `folder` that holds `within`. */
function damage(workspace: WorkspaceFolder, folder: string, within: string | Buffer, text = within): void {
  const names = readdirSync(workspace.path(`.ocrstore/${folder}`), { recursive: true, withFileTypes: true });
  const files = names.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const file = files.find((each) => readFileSync(each).includes(within))!;
  const bytes = readFileSync(file);
  bytes[bytes.lastIndexOf(text)]! ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

/**
 * A store with damage of every kind: a pack with a damaged trailer whose objects are nowhere else, objects that the workspace
 * has, a record of a run, and format.json.
 */
async function damaged(): Promise<WorkspaceFolder> {
  const workspace = new WorkspaceFolder(temporaryFolder());
  workspace.init();
  workspace.write('only/here', 'held by this pack alone');
  await workspace.add('only');
  workspace.remove('only');
  workspace.write('data/a', 'in the workspace, too');
  workspace.write('data/b', 'beside it');
  workspace.write('data/large', LARGE);
  await workspace.add('data');
  new RunRecords(workspace.path('.ocrstore')).put(contentIdOf('inputs'), { outs: {} });
  damage(workspace, 'packs', 'held by this pack alone', 'OCRE');
  damage(workspace, 'packs', 'in the workspace, too');
  damage(workspace, 'objects', LARGE.subarray(0, 9));
  damage(workspace, 'runs', 'outs');
  writeFileSync(workspace.path('.ocrstore/format.json'), '{}');
  return workspace;
}

async function expectHealed(workspace: WorkspaceFolder): Promise<void> {
  expect(await fsck({}, workspace.call)).toMatchObject({ damaged: [], missing: [], problems: [] });
  workspace.remove('data');
  await workspace.checkout();
  expect(workspace.read('only/here')).toBe('held by this pack alone');
  expect(workspace.read('data/a') + workspace.read('data/b')).toBe('in the workspace, toobeside it');
  expect(readFileSync(workspace.path('data/large')).equals(LARGE)).toBe(true);
}

test('fsck --repair that is killed at any of its writes loses nothing, and the next one finishes the work', async () => {
  const workspace = await damaged();
  const repair = (each: WorkspaceFolder) => fsck({ repair: true }, each.call);
  const crashes = await crashesOf(workspace.root, async () => {
    expect(foundDamage(await repair(workspace))).toBe(false);
  });
  await expectHealed(workspace);
  expect(crashes.length).toBeGreaterThan(10);
  for (const { site, root } of crashes) {
    const killed = new WorkspaceFolder(root as AbsPath);
    try {
      expect(foundDamage(await repair(killed))).toBe(false);
      await expectHealed(killed);
    } catch (error) {
      throw new Error(`killed at ${site}`, { cause: error });
    }
    rmSync(root, { recursive: true });
  }
  for (const { met, there } of pointsMet(['store/quarantine.ts'], crashes)) expect(met).toBe(there);
});
