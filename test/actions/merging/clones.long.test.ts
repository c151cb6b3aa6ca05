import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../../rig/workspace.js';
import { commitData, dataIn, goTo, mergingWorkspace, tryGit } from './merging-workspace.js';

/** `side` and `main` each added a file to `data/raw`. */
async function branches(): Promise<TestWorkspace> {
  const here = await mergingWorkspace();
  await goTo(here, 'side', 'main');
  await commitData(here, { x: 'new' }, 'side');
  await goTo(here, 'main');
  await commitData(here, { y: 'other' }, 'main');
  return here;
}

/** On this machine alone. */
function useRemote(workspace: TestWorkspace, url: string): void {
  workspace.write('.ocrstore/config.local.yaml', `default: team\nremotes: {team: {url: ${url}}}\n`);
}

const MERGED = { a: '1', b: '2', 'sub/c': '3', x: 'new', y: 'other' };

async function cloned(from: string, ...how: string[]): Promise<TestWorkspace> {
  const root = join(temporaryFolder(), 'clone');
  await new TestWorkspace(temporaryFolder()).git(
    'clone',
    '--quiet',
    '--template=',
    ...how,
    `file://${from}`,
    root,
  );
  return new TestWorkspace(root);
}

describe('merging where git works in other ways', () => {
  it('brings listings from the remote where the data of the other side is not here, and none of its files', async () => {
    const here = await newWorkspace();
    const remote = temporaryFolder();
    await here.ocrpipe('remote', 'add', 'team', remote);
    await here.ocrpipe('install');
    await commitData(here, { a: '1', b: '2', 'sub/c': '3' }, 'base');
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'new' }, 'side');
    await here.ocrpipe('push');
    await goTo(here, 'main');
    await here.ocrpipe('push');
    const clone = await cloned(here.root);
    await clone.ocrpipe('install');
    await clone.ocrpipe('pull');
    await commitData(clone, { y: 'other' }, 'main');
    await clone.git('merge', '--quiet', 'origin/side', '-m', 'both');
    expect(await clone.json('status')).toMatchObject({ tracked: [{ state: 'modified', inStore: false }] });
    await clone.ocrpipe('pull');
    expect(await dataIn(clone)).toEqual(MERGED);
    await clone.ocrpipe('push');
  });

  it('is an ordinary conflict where the listings are nowhere, which resolve merges once they are there', async () => {
    const here = await branches();
    const clone = await cloned(here.root);
    await clone.git('branch', 'side', 'origin/side');
    await clone.ocrpipe('install');
    const merge = await tryGit(clone, 'merge', 'side');
    expect(merge.exitCode).toBe(1);
    expect(clone.read('data/raw.ocr')).toContain('the listings of its files are not here');
    const open = await clone.run(['resolve', 'data/raw', '--ours']);
    expect(open.exitCode).toBe(2);
    expect(open.stdout).toContain("Once whoever has the other side has run 'ocrpipe push', run this again");
    const remote = temporaryFolder();
    for (const each of [here, clone]) useRemote(each, remote);
    await here.ocrpipe('push', '--all-commits');
    expect(await clone.ocrpipe('resolve')).toContain('data/raw: merged by itself');
    await clone.ocrpipe('pull');
    expect(await dataIn(clone)).toEqual(MERGED);
  });

  it('works in linked work trees, which share drivers, hooks and the store of the first', async () => {
    const here = await branches();
    await here.ocrpipe('install', '--hook', 'checkout');
    const root = join(temporaryFolder(), 'linked');
    await here.git('worktree', 'add', '--quiet', root, 'side');
    const linked = new TestWorkspace(root);
    expect(linked.read('data/raw/x')).toBe('new');
    expect(existsSync(linked.path('.ocrstore/packs'))).toBe(false);
    await linked.git('merge', '--quiet', 'main', '-m', 'both');
    expect(await dataIn(linked)).toEqual(MERGED);
    await commitData(linked, { z: 'more' }, 'in the linked one');
    await here.git('merge', '--quiet', 'side', '-m', 'back');
    expect(here.read('data/raw/z')).toBe('more');
    // What only the other work tree needs is kept.
    await linked.ocrpipe('add', 'data/raw');
    await here.ocrpipe('gc', '--now', '--workspace');
    rmSync(linked.path('data/raw'), { recursive: true });
    await linked.ocrpipe('checkout');
    expect(linked.read('data/raw/z')).toBe('more');
  });

  it('works in a work tree of a bare clone, at a commit without a branch, with little history', async () => {
    const here = await branches();
    const remote = temporaryFolder();
    useRemote(here, remote);
    await here.ocrpipe('push', '--all-commits');
    const bare = join(temporaryFolder(), 'bare.git');
    await here.git('clone', '--quiet', '--bare', here.root, bare);
    const root = join(temporaryFolder(), 'job');
    await new TestWorkspace(bare).git('worktree', 'add', '--quiet', '--detach', root, 'main');
    const job = new TestWorkspace(root);
    useRemote(job, remote);
    await job.ocrpipe('install');
    await job.git('merge', '--quiet', 'side', '-m', 'both');
    await job.ocrpipe('pull');
    expect(await dataIn(job)).toEqual(MERGED);
    expect(await job.ocrpipe('resolve')).toBe('Nothing of ocrpipe is in conflict.\n');

    const shallow = await cloned(here.root, '--depth=2', '--no-single-branch');
    useRemote(shallow, remote);
    await shallow.ocrpipe('install');
    await shallow.git('merge', '--quiet', 'origin/side', '-m', 'both');
    await shallow.ocrpipe('pull');
    expect(await dataIn(shallow)).toEqual(MERGED);
  });

  it('works in a submodule and in the repository around it, each with its own', async () => {
    const inner = await branches();
    const outer = await mergingWorkspace();
    await outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'parts');
    await outer.commit('with a submodule');
    const parts = new TestWorkspace(outer.path('parts'));
    const remote = temporaryFolder();
    useRemote(parts, remote);
    await parts.git('branch', 'side', 'origin/side');
    await parts.ocrpipe('install', '--hook', 'checkout');
    expect(existsSync(outer.path('.git/modules/parts/hooks/post-merge'))).toBe(true);
    expect(existsSync(outer.path('.git/hooks/post-merge'))).toBe(false);
    useRemote(inner, remote);
    await inner.ocrpipe('push', '--all-commits');
    await parts.git('merge', '--quiet', 'side', '-m', 'both');
    await parts.ocrpipe('pull');
    expect(await dataIn(parts)).toEqual(MERGED);
    await goTo(outer, 'side', 'main');
    await commitData(outer, { x: 'outer' }, 'side');
    await goTo(outer, 'main');
    await commitData(outer, { y: 'outer' }, 'main');
    await outer.git('merge', '--quiet', 'side', '-m', 'both');
    await outer.ocrpipe('checkout');
    expect(Object.keys(await dataIn(outer))).toEqual(['a', 'b', 'sub/c', 'x', 'y']);
  });
});
