import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../../rig/workspace.js';
import { cloneOf, goTo, reproduced, writeHistory } from './scope-story.js';

interface Transferred {
  objects: number;
  requests: number;
}

describe('push, fetch and pull of more than what is checked out', () => {
  let home: string;
  let a: TestWorkspace;
  let count = 0;
  beforeAll(async () => {
    home = temporaryFolder(afterAll);
    a = await newWorkspace(join(home, 'a'));
    await a.ocrpipe('remote', 'add', 'disk', join(home, 'remote'));
    await writeHistory(a);
  });

  const clone = (...args: string[]) => cloneOf(a, join(home, `clone-${(count += 1)}`), ...args);
  const fails = async (user: TestWorkspace, ...args: string[]) => {
    const { exitCode, stdout } = await user.run([...args, '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
    return { exitCode, ...error };
  };
  /** Commands that need the remote fail meanwhile. */
  const offline = async (work: () => Promise<void>): Promise<void> => {
    renameSync(join(home, 'remote'), join(home, 'away'));
    await work().finally(() => {
      renameSync(join(home, 'away'), join(home, 'remote'));
    });
  };

  it('each scope moves what its commits name, and what their stages made', async () => {
    const first = await a.json<Transferred>('push');
    expect(first.objects).toBeGreaterThan(0);
    const tags = await a.json<Transferred>('push', '--all-tags');
    expect(tags.objects).toBeGreaterThan(0);
    expect((await a.json<Transferred>('push', '-T')).objects).toBe(0);
    const lone = await clone();
    expect((await fails(lone, 'fetch', '--all-branches')).message).toContain('data/raw (in commit ');
    expect((await a.json<Transferred>('push', '--all-branches')).objects).toBeGreaterThan(0);
    expect((await a.json<Transferred>('push', '--all-experiments')).objects).toBeGreaterThan(0);
    expect((await a.json<Transferred>('push', '--all-commits')).objects).toBe(0);

    const b = await clone();
    await b.ocrpipe('pull', '--all-branches', '--all-tags', '--all-experiments');
    expect(b.read('data/raw/words.txt')).toBe('two\n');
    expect((await b.json<Transferred>('fetch', '--all-commits')).requests).toBe(0);
    await offline(async () => {
      expect(await reproduced(b)).toBe('fresh');
      for (const [revision, words] of [
        ['v0', 'one'],
        ['origin/wide', 'wide'],
        ['refs/ocrpipe/exp/tried', 'tried'],
        ['origin/main', 'two'],
      ] as const) {
        expect(await goTo(b, revision)).toBe(words);
        expect(await reproduced(b)).toBe('fresh');
      }
      // Parameters of another commit, with the data of this one: what was run there is not run again.
      b.write('data/raw/words.txt', 'one\n');
      b.write('params.yaml', 'n: 1\n');
      expect(await reproduced(b)).toBe('restored');
    });
  });

  it('with --runs, what was never committed is restored elsewhere too', async () => {
    a.write('params.yaml', 'n: 99\n');
    expect(await reproduced(a)).toBe('ran');
    a.write('params.yaml', 'n: 2\n');
    expect(await reproduced(a)).toBe('restored');
    await a.ocrpipe('push');
    const b = await clone();
    await b.ocrpipe('pull');
    b.write('params.yaml', 'n: 99\n');
    expect(await reproduced(b)).toBe('ran');
    expect((await a.json<Transferred>('push', '--runs')).objects).toBeGreaterThan(0);
    expect((await a.json<Transferred>('push', '--runs')).objects).toBe(0);
    const c = await clone();
    await c.ocrpipe('pull', '--runs');
    c.write('params.yaml', 'n: 99\n');
    expect(await reproduced(c)).toBe('restored');
  });

  it('says that a shallow clone does not see everything', async () => {
    const b = await clone('--depth=1');
    const { stderr, exitCode } = await b.run(['fetch', '--all-commits']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('shallow clone');
    expect((await b.run(['fetch'])).stderr).not.toContain('shallow');
  });

  it('in a clone without the contents of files git gets what is needed of them', async () => {
    await a.git('config', 'uploadpack.allowFilter', 'true');
    const b = await clone('--filter=blob:none', '--no-checkout');
    await b.git('checkout', '--quiet', 'main');
    await b.ocrpipe('fetch', '--all-commits');
    expect(await goTo(b, 'v0')).toBe('one');
  });

  it('a pointer that was committed broken is named, and keeps nothing else from being moved', async () => {
    const b = await clone();
    await b.ocrpipe('pull');
    await b.git('checkout', '--quiet', '-b', 'broken');
    b.write('data/raw.ocr', 'version: 1\nid: nonsense\n');
    await b.commit('broken');
    await b.git('checkout', '--quiet', '-b', 'more', 'main');
    b.write('data/raw/words.txt', 'more\n');
    await b.ocrpipe('add', 'data/raw');
    await b.commit('more');
    await b.git('checkout', '--quiet', 'main');
    await b.ocrpipe('checkout');
    const refused = await fails(b, 'push', '--all-branches');
    expect(refused).toMatchObject({ exitCode: 2, code: 'broken-pointer' });
    expect(refused.message).toMatch(/data\/raw\.ocr \(in commit [0-9a-f]{10}\)/);
    expect(refused.hint).toContain(':data/raw.ocr');
    expect((await b.json<Transferred>('push', 'data/raw')).objects).toBe(0);
    const accepted = await b.run(['push', '--all-branches', '--allow-missing']);
    expect(accepted).toMatchObject({ exitCode: 0 });
    expect(accepted.stderr).toContain('data/raw.ocr (in commit ');
    await b.git('push', '--quiet', 'origin', 'more', 'broken');
    const c = await clone();
    expect(await fails(c, 'fetch', '--all-branches')).toMatchObject({ exitCode: 2, code: 'broken-pointer' });
    expect(await goTo(c, 'origin/more')).toBe('more');
    await a.git('branch', '--quiet', '-D', 'broken');
  });

  it('data of another commit that is nowhere is named when the rest has been sent', async () => {
    const b = await clone();
    await b.ocrpipe('pull');
    await b.git('checkout', '--quiet', '-b', 'lost');
    b.write('data/raw/words.txt', 'lost\n');
    await b.ocrpipe('add', 'data/raw');
    await b.commit('lost');
    await b.git('checkout', '--quiet', '-b', 'kept', 'main');
    rmSync(b.path('.ocrstore/packs'), { recursive: true });
    b.write('data/raw/words.txt', 'kept\n');
    await b.ocrpipe('add', 'data/raw');
    await b.commit('kept');
    const refused = await fails(b, 'push', '--all-branches');
    expect(refused).toMatchObject({ exitCode: 1, code: 'object-missing' });
    expect(refused.message).toMatch(/data\/raw \(in commit [0-9a-f]{10}\)/);
    expect((await b.json<Transferred>('push')).objects).toBe(0);
    expect((await b.run(['push', '-a', '--allow-missing'])).exitCode).toBe(0);
    const pulled = await b.run(['pull', '-a', '--allow-missing']);
    expect(pulled).toMatchObject({ exitCode: 0 });
    expect(pulled.stderr).toContain('neither here nor on');
  });

  it('what is asked for must go together, and needs git', async () => {
    expect(await fails(a, 'push', 'data/raw', '--all-tags')).toMatchObject({
      exitCode: 2,
      code: 'scope-with-targets',
    });
    const bare = await newWorkspace(join(home, 'bare'));
    bare.remove('.git');
    expect(await fails(bare, 'pull', '--all-branches')).toMatchObject({ exitCode: 2, code: 'no-git' });
  });
});
