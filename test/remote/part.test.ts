import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';
import { cloneOf } from '../actions/sharing/scope-story.js';

interface Transferred {
  objects: number;
}

describe('a push of a part of a folder', () => {
  let home: string;
  let a: TestWorkspace;

  beforeEach(async () => {
    home = temporaryFolder();
    a = await newWorkspace(join(home, 'a'));
    for (const folder of ['apple', 'avocado', 'banana'])
      for (const name of ['1', '2', 'sub/3']) a.write(`data/raw/${folder}/${name}`, randomBytes(2000));
    await a.ocrpipe('add', 'data/raw');
    await a.ocrpipe('remote', 'add', 'disk', join(home, 'remote'));
    await a.commit('data');
  });

  const clone = (name: string) => cloneOf(a, join(home, name));

  const fails = async (workspace: TestWorkspace, ...args: string[]) => {
    const { exitCode, stdout } = await workspace.run([...args, '--json']);
    return { exitCode, code: (JSON.parse(stdout) as { error: { code: string } }).error.code };
  };

  it.each([['data/raw/a*'], ['data/raw/apple', 'data/raw/avocado']])(
    'is enough for a pull of that part: %o',
    async (...part) => {
      await a.ocrpipe('push', ...part);
      const b = await clone('b');
      await b.ocrpipe('pull', ...part);
      expect(readdirSync(b.path('data/raw')).sort()).toEqual(['apple', 'avocado']);
      for (const file of ['apple/1', 'apple/sub/3', 'avocado/2'])
        expect(b.read(`data/raw/${file}`)).toBe(a.read(`data/raw/${file}`));
      expect(await fails(b, 'pull', 'data/raw/banana')).toEqual({ exitCode: 1, code: 'object-missing' });
      expect(await fails(b, 'pull')).toEqual({ exitCode: 1, code: 'object-missing' });
      expect(await a.ocrpipe('fsck', '--remote')).toContain('sound');

      expect((await a.json<Transferred>('push', ...part)).objects).toBe(0);
      await a.ocrpipe('push');
      await b.ocrpipe('pull');
      expect(b.read('data/raw/banana/1')).toBe(a.read('data/raw/banana/1'));
      const c = await clone('c');
      await c.ocrpipe('pull');
      expect(c.read('data/raw/banana/sub/3')).toBe(a.read('data/raw/banana/sub/3'));
    },
  );

  it('is enough for a single file of it', async () => {
    await a.ocrpipe('push', 'data/raw/apple/sub/3');
    const b = await clone('b');
    await b.ocrpipe('pull', 'data/raw/apple/sub/3');
    expect(b.read('data/raw/apple/sub/3')).toBe(a.read('data/raw/apple/sub/3'));
    expect(await fails(b, 'pull', 'data/raw/apple')).toEqual({ exitCode: 1, code: 'object-missing' });
  });

  it('goes from the workspace when a newer version has it no longer, unless it was edited', async () => {
    await a.ocrpipe('push');
    const [b, c] = [await clone('b'), await clone('c')];
    for (const each of [b, c]) await each.ocrpipe('pull', 'data/raw/apple', 'data/raw/banana/1');
    a.remove('data/raw/banana');
    a.write('data/raw/apple/1', 'another');
    await a.ocrpipe('add', 'data/raw');
    await a.ocrpipe('push');
    await a.commit('fewer');
    for (const each of [b, c]) await each.git('pull', '--quiet');
    await b.ocrpipe('pull', 'data/raw/apple');
    expect(readdirSync(b.path('data/raw'))).toEqual(['apple']);
    expect(b.read('data/raw/apple/1')).toBe('another');
    expect(await b.ocrpipe('status')).not.toContain('modified');
    c.write('data/raw/banana/1', 'mine');
    expect(await fails(c, 'pull', 'data/raw/apple')).toEqual({ exitCode: 2, code: 'would-undo-edits' });
    expect([c.read('data/raw/banana/1'), c.read('data/raw/apple/1')]).not.toContain('another');
    await c.ocrpipe('pull', '--force', 'data/raw/apple');
    expect(readdirSync(c.path('data/raw'))).toEqual(['apple']);
  });

  it('sends nothing more where the whole is there', async () => {
    await a.ocrpipe('push');
    expect((await a.json<Transferred>('push', 'data/raw/a*')).objects).toBe(0);
  });
});
