import { join } from 'node:path';
import { renameSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportResult } from '../../../src/actions/import.js';
import type { UpdateResult } from '../../../src/actions/update.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TestWorkspace } from '../../rig/workspace.js';
import { LARGE, Source } from './source-workspace.js';

interface Status {
  tracked: { path: string; state: string }[];
}

describe('import', () => {
  let source: Source;
  let user: TestWorkspace;
  let count = 0;
  beforeAll(async () => {
    source = await Source.make(temporaryFolder(afterAll));
  });
  beforeEach(async () => {
    user = await source.user(`user-${(count += 1)}`);
  });

  const failsIn = async (there: TestWorkspace, ...args: string[]) => {
    const { exitCode, stdout } = await there.run([...args, '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
    return { exitCode, ...error };
  };
  const fails = (...args: string[]) => failsIn(user, ...args);
  /** Does something while the source is not there. */
  const whileGone = async (work: () => Promise<void>): Promise<void> => {
    const { root } = source.workspace;
    renameSync(root, `${root}-away`);
    await work().finally(() => {
      renameSync(`${root}-away`, root);
    });
  };
  const states = async () => (await user.json<Status>('status')).tracked;
  /** A clone of the user's workspace, and another cache. */
  const cloned = async (): Promise<TestWorkspace> => {
    await user.commit('for a clone');
    const root = join(source.home, `clone-${count}`);
    await user.git('clone', '--quiet', '.', root);
    return new TestWorkspace(root, { XDG_CACHE_HOME: `${root}-cache` });
  };

  it('tracks what it brings, and writes down where it is from', async () => {
    const result = await user.json<ImportResult>('import', '../source', 'data/raw', '--rev', 'main');
    const commit = await source.workspace.git('rev-parse', 'HEAD');
    expect(result.source).toEqual({ repository: '../source', rev: 'main', commit, path: 'data/raw' });
    expect(user.read('raw/sub/b.txt')).toBe('bb');
    expect(user.read('raw.ocr')).toBe(
      `version: 1\nid: ${result.id}\nkind: directory\nsize: ${LARGE.length + 3}\nfiles: 3\n` +
        `source:\n  repository: "../source"\n  rev: "main"\n  commit: "${commit}"\n  path: "data/raw"\n`,
    );
    expect(result.toCommit).toEqual(['.gitignore', 'raw.ocr']);
    await user.commit('import');
    expect(await states()).toEqual([{ path: 'raw', state: 'clean' }]);
    expect(await user.ocrpipe('fsck')).toContain('sound');
  });

  it('takes a relative folder from where it is typed, a part of a folder, and a file of git itself', async () => {
    user.write('deep/x', '');
    const there = new TestWorkspace(user.path('deep'), user.env);
    const part = await there.json<ImportResult>('import', '../../source', 'data/raw/sub', '-o', 'parts');
    expect(part).toMatchObject({
      path: 'deep/parts',
      files: 2,
      source: { repository: '../source', path: 'data/raw/sub' },
    });
    expect(user.read('deep/parts/b.txt')).toBe('bb');
    const file = await user.json<ImportResult>('import', '../source/src', 'train.sh');
    expect(file).toMatchObject({
      path: 'train.sh',
      kind: 'file',
      source: { repository: '../source/src', path: 'train.sh' },
    });
    expect(user.read('train.sh')).toBe('#!/bin/sh\n');
  });

  it('leaves it out of a push, and brings it from the remote of its repository into a clone', async () => {
    await user.ocrpipe('import', source.url, 'data/raw', '-o', 'theirs');
    await user.ocrpipe('import', source.url, 'README.md');
    user.write('mine.txt', 'mine');
    await user.ocrpipe('remote', 'add', 'own', user.path('../own-' + String(count)));
    await user.ocrpipe('add', 'mine.txt');
    expect(await user.json('push')).toMatchObject({ objects: 1 });
    const clone = await cloned();
    source.forgetStore();
    const brought = await clone.json<{ objects: number; bytes: number }>('pull');
    expect(brought.bytes).toBeGreaterThan(LARGE.length);
    expect(clone.read('theirs/sub/large.bin')).toBe(LARGE.toString());
    expect(clone.read('README.md')).toBe('what this is\n');
    expect(clone.read('mine.txt')).toBe('mine');
    expect(await clone.json('pull')).toMatchObject({ objects: 0 });
  });

  it('needs no remote of its own', async () => {
    await user.ocrpipe('import', source.url, 'data/raw');
    const clone = await cloned();
    expect(await clone.json('fetch', 'raw/sub/b.txt')).toMatchObject({ remote: source.url });
    await clone.ocrpipe('pull');
    expect(clone.read('raw/a.txt')).toBe('a');
  });

  it('brings all else where the source is gone, and then from its own remote if it was pushed there', async () => {
    await user.ocrpipe('import', source.url, 'data/raw');
    user.write('mine.txt', 'mine');
    await user.ocrpipe('remote', 'add', 'own', user.path('../own-' + String(count)));
    await user.ocrpipe('add', 'mine.txt');
    await user.ocrpipe('push');
    const clone = await cloned();
    await whileGone(async () => {
      const { exitCode, stdout } = await clone.run(['pull', '--json']);
      expect(exitCode).toBe(2);
      expect(stdout).toContain('repository-missing');
      expect(stdout).toContain('raw, which was imported, cannot be had');
      expect(clone.read('mine.txt')).toBe('mine');
      expect(clone.has('raw')).toBe(false);
      await user.ocrpipe('push', '--imports');
      await clone.ocrpipe('pull');
      expect(clone.read('raw/a.txt')).toBe('a');
    });
  });

  it('says why an import cannot be had also where the remote fails', async () => {
    await user.ocrpipe('import', '../source', 'model.bin');
    user.write('mine.txt', 'mine');
    await user.ocrpipe('add', 'mine.txt');
    await user.ocrpipe('remote', 'add', 'own', join(source.home, `own-${count}`));
    const clone = await cloned();
    await whileGone(async () => {
      const refused = await failsIn(clone, 'pull');
      expect(refused.message).toContain('model.bin, which was imported, cannot be had');
      expect(refused.message).toContain('the bytes of mine.txt are neither here nor on');
      clone.write(
        '.ocrstore/config.local.yaml',
        'remotes: {own: {url: "s3://bucket", endpoint: "http://127.0.0.1:1", anonymous: true}}\n',
      );
      const unreachable = await failsIn(clone, 'pull');
      expect(unreachable.message).toContain('model.bin, which was imported, cannot be had');
      expect(unreachable.message).toContain('cannot reach s3://bucket');
    });
  });

  it('has status say how it stands beside its source, where that is asked for', async () => {
    const commit = await source.workspace.git('rev-parse', 'HEAD');
    await user.ocrpipe('import', '../source', 'model.bin');
    await user.ocrpipe('import', '../source', 'model.bin', '-o', 'pinned.bin', '--rev', commit);
    const imports = async () =>
      (await user.json<{ imports: { path: string; state: string }[] }>('status', '--imports')).imports.map(
        ({ path, state }) => `${path} ${state}`,
      );
    expect(await imports()).toEqual(['model.bin current', 'pinned.bin locked']);
    expect(await user.json('status')).not.toHaveProperty('imports');
    source.workspace.write('model.bin', 'other weights');
    await source.workspace.ocrpipe('add', 'model.bin');
    await source.workspace.commit('other');
    expect(await imports()).toEqual(['model.bin behind', 'pinned.bin locked']);
    expect(await user.ocrpipe('status', '--imports')).toContain("'ocrpipe update model.bin'");
    await whileGone(async () => {
      expect(await imports()).toEqual(['model.bin unknown', 'pinned.bin locked']);
      expect(await user.ocrpipe('status', '--imports')).toContain('there is no folder');
    });
    await source.workspace.git('reset', '--quiet', '--hard', 'HEAD~1');
    await source.workspace.ocrpipe('pull');
  });

  it('refuses a place that is taken or cannot be tracked, before it fetches anything', async () => {
    user.write('held.txt', 'x');
    await user.commit('held');
    user.write('raw/mine', 'mine');
    expect(await fails('import', '../source', 'data/raw')).toMatchObject({
      exitCode: 2,
      code: 'path-exists',
    });
    expect(await fails('import', '../source', 'model.bin', '-o', 'held.txt', '-f')).toMatchObject({
      code: 'path-in-git',
    });
    expect(await fails('import', '../source', 'model.bin', '-o', 'pipeline.yaml')).toMatchObject({
      code: 'path-not-trackable',
    });
    expect(await fails('import', '../source', 'src')).toMatchObject({ exitCode: 2, code: 'import-not-one' });
    expect(await fails('import', '../source', 'nothing')).toMatchObject({ code: 'path-not-in-repository' });
    expect(user.read('raw/mine')).toBe('mine');
    expect(await states()).toEqual([]);
    await user.ocrpipe('import', '../source', 'model.bin');
    const again = await fails('import', '../source', 'model.bin');
    expect(again).toMatchObject({ code: 'path-exists' });
    expect(again.hint).toContain('ocrpipe update model.bin');
  });

  it('keeps its source while its bytes are the same, and loses it when they are edited', async () => {
    await user.ocrpipe('import', '../source', 'model.bin');
    const before = user.read('model.bin.ocr');
    await user.ocrpipe('add', 'model.bin');
    expect(user.read('model.bin.ocr')).toBe(before);
    await user.ocrpipe('mv', 'model.bin', 'moved.bin');
    expect(user.read('moved.bin.ocr')).toBe(before);
    user.write('moved.bin', 'mine');
    await user.ocrpipe('commit', 'moved.bin');
    expect(user.read('moved.bin.ocr')).not.toContain('source');
  });

  it.each([
    ['a password in its address', 'repository: "https://me:secret@example.org/x"', 'repository-address'],
    ['an address that is a program', 'repository: "ext::touch it-ran"', 'repository-address'],
    ['a path that leads out', 'path: "../../etc"', 'path-outside-workspace'],
  ])('refuses a pointer with %s', async (_what, line, code) => {
    await user.ocrpipe('import', source.url, 'model.bin');
    const key = line.split(':')[0]!;
    user.write('model.bin.ocr', user.read('model.bin.ocr').replace(new RegExp(`${key}: .*`), line));
    const clone = await cloned();
    const { exitCode, stdout } = await clone.run(['pull', '--json']);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(code);
    expect(stdout).not.toContain('secret');
    expect(clone.has('it-ran')).toBe(false);
  });

  describe('update', () => {
    const change = async (content: string) => {
      source.workspace.write('data/raw/a.txt', content);
      await source.workspace.ocrpipe('commit');
      await source.workspace.ocrpipe('push');
      return source.workspace.commit(content);
    };

    it('does nothing where nothing changed, and then brings what did', async () => {
      await user.ocrpipe('import', '../source', 'data/raw');
      await user.ocrpipe('import', '../source', 'README.md');
      await source.workspace.commit('nothing in particular');
      const pointer = user.read('raw.ocr');
      const same = await user.json<UpdateResult>('update');
      expect(same.imports.map(({ path, state }) => [path, state])).toEqual([
        ['README.md', 'unchanged'],
        ['raw', 'unchanged'],
      ]);
      expect(user.read('raw.ocr')).toBe(pointer);
      const commit = await change('changed');
      const check = await user.run(['update', '--check']);
      expect(check).toMatchObject({ exitCode: 3 });
      expect(check.stdout).toContain("raw        outdated   'ocrpipe update raw' brings what is there now");
      expect(user.read('raw/a.txt')).not.toBe('changed');
      expect(await user.ocrpipe('update')).toContain('raw.ocr');
      expect(user.read('raw/a.txt')).toBe('changed');
      expect(user.read('raw.ocr')).toContain(commit);
      expect(await user.run(['update', '--check'])).toMatchObject({ exitCode: 0 });
    });

    it('follows another branch or stays at a commit where --rev says so', async () => {
      const first = await source.workspace.git('rev-parse', 'HEAD');
      await user.ocrpipe('import', '../source', 'data/raw');
      await change('changed again');
      await user.ocrpipe('update', 'raw', '--rev', first);
      expect(user.read('raw.ocr')).toContain(`rev: "${first}"`);
      expect((await user.json<UpdateResult>('update')).imports[0]!.state).toBe('unchanged');
      await user.ocrpipe('update', 'raw', '--rev', 'main');
      expect(user.read('raw/a.txt')).toBe('changed again');
      expect(user.read('raw.ocr')).toContain('rev: "main"');
    });

    it('leaves what was edited here, does the others, and says so', async () => {
      await user.ocrpipe('import', '../source', 'data/raw');
      await user.ocrpipe('import', '../source', 'data/raw', '-o', 'second');
      await change('changed once more');
      user.write('raw/a.txt', 'mine');
      const pointer = user.read('raw.ocr');
      const result = await fails('update');
      expect(result).toMatchObject({ exitCode: 2, code: 'would-undo-edits' });
      expect(user.read('raw/a.txt')).toBe('mine');
      expect(user.read('raw.ocr')).toBe(pointer);
      expect(user.read('second/a.txt')).toBe('changed once more');
    });

    it('names what was never imported, and sources that are gone', async () => {
      await user.ocrpipe('import', '../source', 'data/raw');
      user.write('mine.txt', 'x');
      await user.ocrpipe('add', 'mine.txt');
      expect(await fails('update', 'mine.txt')).toMatchObject({ exitCode: 2, code: 'not-imported' });
      await whileGone(async () => {
        expect(await fails('update')).toMatchObject({ exitCode: 2, code: 'repository-address' });
        expect(user.has('raw/a.txt')).toBe(true);
      });
    });

    it('is finished by a second run wherever the first is killed', { timeout: 120_000 }, async () => {
      await user.ocrpipe('import', '../source', 'data/raw');
      const pointer = user.read('raw.ocr');
      const before = user.read('raw/a.txt');
      await change('changed while it is killed');
      let killed = 0;
      for (let at = 1; ; at += 2) {
        const { signal } = await user.run(['update'], { OCRPIPE_TEST_KILL_AT: String(at) });
        expect([before, 'changed while it is killed']).toContain(user.read('raw/a.txt'));
        if (signal === undefined) break;
        expect(user.read('raw.ocr')).toBe(pointer);
        killed += 1;
      }
      expect(killed).toBeGreaterThan(2);
      expect(user.read('raw/a.txt')).toBe('changed while it is killed');
      expect(user.read('raw.ocr')).not.toBe(pointer);
      expect((await states())[0]!.state).not.toBe('modified');
    });
  });
});
