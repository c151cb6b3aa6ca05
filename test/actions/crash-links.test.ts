import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { chooseStore } from '../../src/actions/choose-store.js';
import { unlink } from '../../src/actions/unlink.js';
import { absPath } from '../../src/base/paths.js';
import type { LinkType } from '../../src/base/link-type.js';
import { crashesOf } from '../rig/crashes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const LARGE = Buffer.alloc(1_100_000, 'large ');

/** A workspace in a folder that may hold a store beside it. */
async function trackedIn(folder: string, link: LinkType) {
  mkdirSync(join(folder, 'a'));
  const workspace = workspaceIn(folder);
  workspace.init();
  workspace.write('data/large', LARGE);
  workspace.write('data/small', 'small');
  await workspace.add('data');
  await checkout({ targets: [], force: false, links: [link] }, workspace.call);
  return workspace;
}

function workspaceIn(folder: string): WorkspaceFolder {
  return new WorkspaceFolder(absPath(join(folder, 'a')));
}

/** Every byte is where it was, by whatever kind of file, and nothing else is there. */
async function expectWhole(workspace: WorkspaceFolder) {
  expect(await workspace.state('data')).toBe('clean');
  expect(readdirSync(workspace.path('data'))).toEqual(['large', 'small']);
  expect(readFileSync(workspace.path('data/large')).equals(LARGE)).toBe(true);
}

test('unlink of the workspace is that of all that is tracked and there, and of no other file', async () => {
  const workspace = await trackedIn(temporaryFolder(), 'hardlink');
  workspace.write('other/large', LARGE);
  linkSync(workspace.path('other/large'), workspace.path('other/again'));
  workspace.write('gone', 'small');
  await workspace.add('gone');
  rmSync(workspace.path('gone'));
  const { unlinked } = await unlink({ paths: ['.', 'data'] }, workspace.call);
  expect(unlinked.map(({ path }) => path)).toEqual(['data/large']);
  expect(lstatSync(workspace.path('other/large')).nlink).toBe(2);
  await expect(unlink({ paths: ['gone'] }, workspace.call)).rejects.toMatchObject({
    code: 'no-such-path',
    hint: "'ocrpipe checkout gone' puts it there.",
  });
});

describe('killed at any write point', () => {
  test.each(['hardlink', 'symlink'] as const)('unlink of a %s is finished by the next one', async (link) => {
    const folder = temporaryFolder();
    const workspace = await trackedIn(folder, link);
    const crashes = await crashesOf(folder, () => unlink({ paths: ['data'] }, workspace.call));
    expect(crashes.length).toBeGreaterThan(0);
    for (const { root } of crashes) {
      const killed = workspaceIn(root);
      await unlink({ paths: ['data'] }, killed.call);
      await checkout({ targets: [], force: false }, killed.call);
      await expectWhole(killed);
      expect(lstatSync(killed.path('data/large')).isFile()).toBe(true);
    }
  });

  test('placing files anew by another link is finished by the next checkout', async () => {
    const folder = temporaryFolder();
    const workspace = await trackedIn(folder, 'copy');
    const place = (at: WorkspaceFolder) =>
      checkout({ targets: [], force: false, links: ['symlink'] }, at.call);
    const crashes = await crashesOf(folder, () => place(workspace));
    expect(crashes.length).toBeGreaterThan(0);
    for (const { root } of crashes) {
      const killed = workspaceIn(root);
      expect(await killed.state('data')).toBe('clean');
      await place(killed);
      await expectWhole(killed);
      expect(lstatSync(killed.path('data/large')).isSymbolicLink()).toBe(true);
    }
  });

  test('moving a store is finished by moving it again, and until then the workspace has all that it had', async () => {
    const folder = temporaryFolder();
    const workspace = await trackedIn(folder, 'copy');
    const move = (at: WorkspaceFolder) =>
      chooseStore({ path: '../store', shared: false, move: true }, at.call);
    const crashes = await crashesOf(folder, () => move(workspace));
    expect(crashes.length).toBeGreaterThan(5);
    for (const { root } of crashes) {
      const killed = workspaceIn(root);
      const again = workspaceIn(root);
      killed.remove('data');
      await killed.checkout();
      await expectWhole(killed);
      await move(again);
      again.remove('data');
      await again.checkout();
      await expectWhole(again);
    }
  });
});
