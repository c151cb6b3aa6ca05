import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { add } from '../../src/actions/add.js';
import { absPath } from '../../src/base/paths.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from './listing.js';

/** A workspace beside a folder of images, as on a share. */
function besideShare() {
  const workspace = new WorkspaceFolder(absPath(temporaryFolder()));
  workspace.init();
  const share = temporaryFolder();
  mkdirSync(join(share, 'images/sub'), { recursive: true });
  writeFileSync(join(share, 'images/a'), 'a');
  writeFileSync(join(share, 'images/sub/run'), '#!/bin/sh');
  chmodSync(join(share, 'images/sub/run'), 0o755);
  symlinkSync('../a', join(share, 'images/sub/inside'));
  writeFileSync(join(share, 'one'), 'one');
  mkdirSync(workspace.path('data'));
  return { workspace, share };
}

const followed = (workspace: WorkspaceFolder) => add({ paths: ['data'], follow: true }, workspace.call);

describe('add --follow', () => {
  test('tracks what links lead to outside, and leaves copies in their place', async () => {
    const { workspace, share } = besideShare();
    workspace.write('data/own', 'own');
    workspace.write('elsewhere', 'of the workspace');
    symlinkSync('own', workspace.path('data/kept'));
    symlinkSync(join(share, 'images'), workspace.path('data/images'));
    symlinkSync(join(share, 'one'), workspace.path('data/one'));
    symlinkSync('../elsewhere', workspace.path('data/other'));
    const before = listing(share);
    await expect(workspace.add('data')).rejects.toMatchObject({ code: 'link-outside' });
    const { followed: copied, added } = await followed(workspace);
    expect(copied.map(({ path }) => path)).toEqual(['data/images', 'data/one', 'data/other']);
    expect(copied[1]).toEqual({ path: 'data/one', from: join(share, 'one') });
    expect(added).toMatchObject([{ files: 7 }]);
    expect(listing(workspace.path('data/images'))).toEqual(listing(join(share, 'images')));
    expect(listing(share)).toEqual(before);
    expect(readFileSync(workspace.path('data/other'), 'utf8')).toBe('of the workspace');
    expect(listing(workspace.path('data'))).toContain('kept -> own');
    expect(await workspace.state('data')).toBe('clean');
  });

  test('tracks what the path itself leads to', async () => {
    const { workspace, share } = besideShare();
    workspace.remove('data');
    symlinkSync(join(share, 'images'), workspace.path('data'));
    await followed(workspace);
    const whole = listing(join(share, 'images'));
    expect(listing(workspace.path('data'))).toEqual(whole);
    workspace.remove('data');
    await workspace.checkout();
    expect(listing(workspace.path('data'))).toEqual(whole);
  });

  test('follows links behind links, and leaves out what is ignored', async () => {
    const { workspace, share } = besideShare();
    symlinkSync('../one', join(share, 'images/further'));
    symlinkSync(join(share, 'images'), workspace.path('data/images'));
    symlinkSync('/nowhere', workspace.path('data/broken'));
    workspace.write('data/.ocrignore', 'broken\n');
    await followed(workspace);
    expect(readFileSync(workspace.path('data/images/further'), 'utf8')).toBe('one');
    expect(listing(workspace.path('data'))).toContain('broken -> /nowhere');
  });

  test.each([
    ['nothing', '/nowhere/at/all', 'to nothing'],
    ['a folder around it', '../..', 'around itself'],
    ['the folder that it is in', '../data', 'around itself'],
    ['itself', '../data/link', 'to itself'],
    ['what belongs to ocrpipe', '../.ocrstore/config.yaml', 'belongs to'],
  ])('refuses a link to %s, and changes nothing', async (_what, target, reason) => {
    const { workspace } = besideShare();
    workspace.write('data/a', 'a');
    symlinkSync(target, workspace.path('data/link'));
    const before = listing(workspace.path('data'));
    await expect(followed(workspace)).rejects.toMatchObject({ code: 'link-outside', exitCode: 2 });
    await expect(followed(workspace)).rejects.toThrow(reason);
    expect(listing(workspace.path('data'))).toEqual(before);
  });

  test('refuses links that lead to each other, and FIFOs, and leaves nothing half copied', async () => {
    const { workspace, share } = besideShare();
    symlinkSync(join(share, 'images'), workspace.path('data/images'));
    const around = join(share, 'images/around');
    symlinkSync(share, around);
    await expect(followed(workspace)).rejects.toMatchObject({ code: 'link-outside' });
    execFileSync('rm', [around]);
    execFileSync('mkfifo', [around]);
    await expect(followed(workspace)).rejects.toMatchObject({ code: 'not-trackable' });
    expect(listing(workspace.path('data'))).toEqual([`images -> ${join(share, 'images')}`]);
  });
});
