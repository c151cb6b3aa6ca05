import { lstatSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GetResult } from '../../../src/actions/get.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import type { TestWorkspace } from '../../rig/workspace.js';
import { LARGE, Source } from './source-workspace.js';

describe('get', () => {
  let source: Source;
  /** A clone without data: what it names is on the remote only. */
  let url: string;
  let count = 0;
  beforeAll(async () => {
    source = await Source.make(temporaryFolder(afterAll));
    const { workspace } = source;
    symlinkSync('train.sh', workspace.path('src/link'));
    symlinkSync('../../elsewhere', workspace.path('src/out'));
    await workspace.commit('links');
    const bare = join(source.home, 'clone');
    await workspace.git('clone', '--quiet', '--bare', '.', bare);
    url = `file://${bare}`;
  });

  /** An empty folder that is no workspace. */
  const empty = (): TestWorkspace => {
    const user = source.at(`user-${(count += 1)}`);
    mkdirSync(user.root);
    return user;
  };
  const get = (user: TestWorkspace, ...args: string[]) => user.json<GetResult>('get', ...args);

  it('brings a tracked folder from the remote, whole, and leaves nothing else', async () => {
    const user = empty();
    const result = await get(user, url, 'data/raw');
    expect(result).toMatchObject({ path: 'data/raw', files: 3, size: LARGE.length + 3 });
    expect(result.requests).toBeLessThan(10);
    expect(readdirSync(user.root)).toEqual(['raw']);
    expect(user.read('raw/sub/b.txt')).toBe('bb');
    expect(user.read('raw/sub/large.bin')).toBe(LARGE.toString());
    expect(readdirSync(join(source.home, 'cache/ocrpipe/downloads'))).toEqual([]);
  });

  it('brings a part of a tracked folder, and no more than that', async () => {
    const user = empty();
    const result = await get(user, url, 'data/raw/sub/b.txt', '-o', 'mine.txt');
    expect(user.read('mine.txt')).toBe('bb');
    expect(result).toMatchObject({ files: 1, size: 2 });
    expect(result.bytes).toBeLessThan(10_000);
  });

  it('takes what it can from the store of a workspace on this machine, which it does not change', async () => {
    const user = empty();
    const before = await source.workspace.ocrpipe('status', '--store', '--json');
    const result = await get(user, '../source', 'data/raw');
    expect(result).toMatchObject({ objects: 0, requests: 0, files: 3 });
    expect(statSync(user.path('raw/sub/large.bin')).mode & 0o200).toBe(0o200);
    expect(await source.workspace.ocrpipe('status', '--store', '--json')).toBe(before);
  });

  it('brings files that git itself holds, with their modes and links, and no link that leads out', async () => {
    const user = empty();
    await source.workspace.git('update-index', '--chmod=+x', 'src/train.sh');
    await source.workspace.git('commit', '-qm', 'mode');
    const result = await user.run(['get', '../source', 'src']);
    expect(result.stderr).toContain('src/out');
    expect(readdirSync(user.path('src')).sort()).toEqual(['link', 'train.sh']);
    expect(readlinkSync(user.path('src/link'))).toBe('train.sh');
    expect(lstatSync(user.path('src/train.sh')).mode & 0o100).toBe(0o100);
    await get(user, url, 'README.md');
    expect(user.read('README.md')).toBe('what this is\n');
  });

  it('brings a folder of both kinds, data in the place of pointers', async () => {
    const user = empty();
    await get(user, url, '.', '--out', 'all');
    expect(readdirSync(user.path('all')).sort()).toEqual([
      '.gitignore',
      'README.md',
      'data',
      'model.bin',
      'src',
    ]);
    expect(readdirSync(user.path('all/data')).sort()).toEqual(['.gitignore', 'raw']);
    expect(user.read('all/model.bin')).toBe('weights');
  });

  it('replaces nothing without being told to, and puts things into folders by their names', async () => {
    const user = empty();
    user.write('raw/mine.txt', 'mine');
    user.write('model.bin', 'mine');
    for (const path of ['data/raw', 'model.bin']) {
      const { exitCode, stdout } = await user.run(['get', url, path, '--json']);
      expect(exitCode).toBe(2);
      expect(stdout).toContain('path-exists');
    }
    expect(user.read('raw/mine.txt')).toBe('mine');
    await get(user, url, 'data/raw', '--force');
    await get(user, url, 'model.bin', '-f');
    expect(readdirSync(user.path('raw')).sort()).toEqual(['a.txt', 'sub']);
    await get(user, url, 'model.bin', '-o', 'raw');
    expect(user.read('raw/model.bin')).toBe('weights');
    await get(user, url, 'data/raw', '-o', 'model.bin', '-f');
    expect(readdirSync(user.root).sort()).toEqual(['model.bin', 'raw']);
  });

  it('brings an earlier version by its tag', async () => {
    const { workspace } = source;
    await workspace.git('tag', 'v1');
    workspace.write('model.bin', 'better weights');
    await workspace.ocrpipe('add', 'model.bin');
    await workspace.ocrpipe('push');
    await workspace.commit('better');
    const user = empty();
    await get(user, '../source', 'model.bin', '--rev', 'v1');
    expect(user.read('model.bin')).toBe('weights');
    await get(user, '../source', 'model.bin', '--force');
    expect(user.read('model.bin')).toBe('better weights');
  });

  it('leaves nothing half-written wherever it is killed, and works again', { timeout: 120_000 }, async () => {
    const user = empty();
    user.write('raw/mine.txt', 'mine');
    let killed = 0;
    for (let at = 1; ; at += 3) {
      const env = { OCRPIPE_TEST_KILL_AT: String(at) };
      const { signal, stdout } = await user.run(['get', url, 'data/raw', '--force', '--json'], env);
      const there = readdirSync(user.path('raw')).sort();
      expect([['mine.txt'], ['a.txt', 'sub']]).toContainEqual(there);
      if (signal === undefined) {
        // All of it had arrived when the one before was killed.
        expect(JSON.parse(stdout)).toMatchObject({ objects: 0, files: 3 });
        break;
      }
      killed += 1;
    }
    expect(killed).toBeGreaterThan(2);
    expect(readdirSync(user.root)).toEqual(['raw']);
    expect(readdirSync(join(source.home, 'cache/ocrpipe/downloads'))).toEqual([]);
  });

  it.each([
    { args: ['data/nothing'], code: 'path-not-in-repository' },
    { args: ['data/raw/nothing'], code: 'path-not-tracked' },
    { args: ['src/link'], code: 'link-outside' },
    { args: ['model.bin', '-o', 'no/such/folder'], code: 'no-such-folder' },
  ])('refuses $args with $code', async ({ args, code }) => {
    const user = empty();
    const { exitCode, stdout } = await user.run(['get', url, ...args, '--json']);
    expect(exitCode).toBe(2);
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).toBe(code);
    expect(readdirSync(user.root)).toEqual([]);
  });

  it('says so where the other workspace has no remote, or did not push', async () => {
    const user = empty();
    const { workspace } = source;
    workspace.write('unpushed.bin', 'x');
    await workspace.ocrpipe('add', 'unpushed.bin');
    await workspace.commit('unpushed');
    const bare = join(source.home, 'unpushed-clone');
    await workspace.git('clone', '--quiet', '--bare', '.', bare);
    const { exitCode, stdout } = await user.run(['get', `file://${bare}`, 'unpushed.bin', '--json']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('object-missing');
    await workspace.ocrpipe('remote', 'remove', 'team');
    await workspace.commit('no remote');
    await workspace.git('push', '--quiet', bare, 'main');
    const without = await user.run(['get', `file://${bare}`, 'model.bin', '--json']);
    expect(without.exitCode).toBe(2);
    expect(without.stdout).toContain('source-without-remote');
    expect(readdirSync(user.root)).toEqual([]);
  });
});
