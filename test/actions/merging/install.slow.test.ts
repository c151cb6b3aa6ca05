import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../../rig/workspace.js';
import { commitData, goTo, tryGit } from './merging-workspace.js';

interface Checks {
  checks: { name: string; state: string; details: string }[];
}

async function check(here: TestWorkspace): Promise<string | undefined> {
  const { checks } = await here.json<Checks>('doctor');
  return checks.find(({ name }) => name === 'git merges')?.state;
}

describe('ocrpipe install', () => {
  it('does everything once, is told by doctor, and --remove takes all of it away', async () => {
    const here = await newWorkspace();
    await here.commit('empty');
    const before = here.read('.git/config');
    expect(await check(here)).toBe('missing');
    const first = await here.ocrpipe('install', '--hook', 'status', '--hook', 'push', '--hook', 'checkout');
    expect(first).toContain('To commit: git add .gitattributes');
    expect(await check(here)).toBe('ok');
    const [config, attributes] = [here.read('.git/config'), here.read('.gitattributes')];
    const again = await here.ocrpipe('install', '--hook', 'status');
    expect(again).toContain('Git merges pointers and pipeline.lock with ocrpipe already.');
    expect(again).toContain('pre-commit: there already');
    expect([here.read('.git/config'), here.read('.gitattributes')]).toEqual([config, attributes]);
    const hooks = ['post-checkout', 'post-merge', 'post-rewrite', 'pre-push', 'pre-commit'];
    for (const name of hooks) expect(statSync(here.path(`.git/hooks/${name}`)).mode & 0o111).toBe(0o111);
    await here.ocrpipe('install', '--remove');
    expect(here.read('.git/config')).toBe(before);
    expect(
      [...hooks.map((name) => `.git/hooks/${name}`), '.gitattributes'].filter((name) => here.has(name)),
    ).toEqual([]);
    expect(await here.ocrpipe('install', '--remove')).toContain('Nothing of ocrpipe was installed');
  });

  it('leaves committed attributes and the lines of others alone', async () => {
    const here = await newWorkspace();
    here.write('.gitattributes', '*.png binary');
    await here.ocrpipe('install');
    expect(here.read('.gitattributes')).toMatch(/^\*\.png binary\n# ocrpipe/);
    await here.commit('attributes');
    const text = here.read('.gitattributes');
    expect(await here.ocrpipe('install', '--remove')).toContain('.gitattributes is committed and stays');
    expect(here.read('.gitattributes')).toBe(text);
    await here.ocrpipe('install', '--local');
    expect(here.read('.git/info/attributes')).toContain('*.ocr merge=ocrpipe-pointer\n');
    await here.ocrpipe('install', '--remove');
    expect(here.has('.git/info/attributes')).toBe(false);
  });

  it('never writes over a hook of somebody else, nor into a folder of hooks that was chosen', async () => {
    const here = await newWorkspace();
    here.write('.git/hooks/pre-push', '#!/bin/sh\necho mine\n');
    const refused = await here.run(['install', '--hook', 'push']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stdout).toContain(
      "pre-push: not installed. pre-push is a hook of your own: add the line 'ocrpipe push </dev/null || exit 1' to .git/hooks/pre-push",
    );
    expect(here.read('.git/hooks/pre-push')).toBe('#!/bin/sh\necho mine\n');
    await here.git('config', 'core.hooksPath', '.husky');
    const chosen = await here.run(['install', '--hook', 'status']);
    expect(chosen.stdout).toContain(
      "core.hooksPath names the folder of your hooks: add the line 'ocrpipe status || exit 1' to .husky/pre-commit",
    );
    expect(here.has('.husky')).toBe(false);
    await here.ocrpipe('install', '--remove');
    expect(here.read('.git/hooks/pre-push')).toBe('#!/bin/sh\necho mine\n');
  });

  it('has hooks that put data in place, push it first, and refuse a commit of what is in conflict', async () => {
    const here = await newWorkspace();
    const remote = temporaryFolder();
    await here.ocrpipe('remote', 'add', 'team', remote);
    await here.ocrpipe('install', '--hook', 'checkout', '--hook', 'push', '--hook', 'status');
    await commitData(here, { a: '1' }, 'base');
    await goTo(here, 'side', 'main');
    await commitData(here, { a: 'side' }, 'side');
    await here.git('checkout', '--quiet', 'main');
    expect(here.read('data/raw/a')).toBe('1');
    const origin = temporaryFolder();
    await here.git('init', '--quiet', '--bare', origin);
    await here.git('push', '--quiet', origin, 'main');
    expect(await here.json('push')).toMatchObject({ objects: 0 });
    await commitData(here, { a: 'main' }, 'main');
    expect((await tryGit(here, 'merge', 'side')).exitCode).toBe(1);
    await here.git('add', 'data/raw.ocr');
    const commit = await tryGit(here, 'commit', '-m', 'with markers');
    expect(commit.exitCode).not.toBe(0);
    expect(commit.stdout + commit.stderr).toContain('ocrpipe resolve data/raw');
    await here.ocrpipe('resolve', '--theirs');
    await here.git('add', 'data/raw.ocr');
    await here.git('commit', '--quiet', '-m', 'resolved');
    // Git itself leaves the data to whoever ends a merge that was in conflict.
    await here.ocrpipe('checkout');
    expect(here.read('data/raw/a')).toBe('side');
  });

  it('works for a workspace below the root of the work tree, and names with spaces and quotes', async () => {
    const root = join(temporaryFolder(), "it's a clone, 100%");
    mkdirSync(join(root, 'ml pipeline'), { recursive: true });
    const outer = new TestWorkspace(root);
    await outer.git('init', '--quiet', '--template=', '--initial-branch=main');
    const here = new TestWorkspace(join(root, 'ml pipeline'));
    await here.ocrpipe('init');
    await here.ocrpipe('install', '--hook', 'checkout');
    await commitData(here, { a: '1' }, 'base');
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'side' }, 'side');
    await here.git('checkout', '--quiet', 'main');
    await commitData(here, { y: 'main' }, 'main');
    await outer.git('merge', '--quiet', 'side', '-m', 'both');
    expect([here.read('data/raw/x'), here.read('data/raw/y')]).toEqual(['side', 'main']);
  });

  it('says so where there is no git', async () => {
    const here = new TestWorkspace(temporaryFolder());
    await here.ocrpipe('init', '--no-git');
    const { stderr, exitCode } = await here.run(['install']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[not-in-git]');
    chmodSync(here.root, 0o755);
    expect(await here.ocrpipe('resolve')).toBe('Nothing of ocrpipe is in conflict.\n');
  });
});
