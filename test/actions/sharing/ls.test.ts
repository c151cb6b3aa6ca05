import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LsResult } from '../../../src/actions/ls.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import type { TestWorkspace } from '../../rig/workspace.js';
import { LARGE, Source } from './source-workspace.js';

describe('ls', () => {
  let source: Source;
  let user: TestWorkspace;
  beforeAll(async () => {
    source = await Source.make(temporaryFolder(afterAll));
    user = source.at('user');
    mkdirSync(user.root);
  });

  const list = async (...args: string[]) => (await user.json<LsResult>('ls', ...args)).entries;

  it('lists the top of a repository: what git holds, and what pointers name instead of the pointers', async () => {
    expect(await list('../source')).toEqual([
      { path: '.gitignore', kind: 'file', size: expect.any(Number) as number, tracked: false },
      { path: 'README.md', kind: 'file', size: 13, tracked: false },
      { path: 'data', kind: 'directory', tracked: false },
      { path: 'model.bin', kind: 'file', size: 7, tracked: true },
      { path: 'src', kind: 'directory', tracked: false },
    ]);
  });

  it('says how large a tracked folder is without asking its remote', async () => {
    const size = LARGE.length + 3;
    expect(await list('../source', 'data')).toContainEqual({
      path: 'data/raw',
      kind: 'directory',
      size,
      files: 3,
      tracked: true,
    });
  });

  it('looks into tracked folders, at one level or at all', async () => {
    expect(await list('../source', 'data/raw')).toEqual([
      { path: 'data/raw/a.txt', kind: 'file', size: 1, tracked: true },
      { path: 'data/raw/sub', kind: 'directory', size: LARGE.length + 2, files: 2, tracked: true },
    ]);
    const files = (await list('../source', '-R')).map(({ path }) => path);
    expect(files).toEqual([
      '.gitignore',
      'README.md',
      'data/.gitignore',
      'data/raw/a.txt',
      'data/raw/sub/b.txt',
      'data/raw/sub/large.bin',
      'model.bin',
      'src/train.sh',
    ]);
    expect((await list('../source', 'data/raw/sub', '-R')).map(({ path }) => path)).toEqual([
      'data/raw/sub/b.txt',
      'data/raw/sub/large.bin',
    ]);
  });

  it('takes a folder below the top for the place where paths start', async () => {
    expect((await list('../source/data', 'raw/sub')).map(({ path }) => path)).toEqual([
      'raw/sub/b.txt',
      'raw/sub/large.bin',
    ]);
  });

  it('shows names, sizes and who holds them to people', async () => {
    expect(await user.ocrpipe('ls', '../source', 'data')).toBe(
      'data/.gitignore  5 B (git)\ndata/raw/        1.2 MB in 3 files\n',
    );
  });

  it('reads listings from the remote, and no data, where the repository is not on this machine', async () => {
    const clone = source.at('clone');
    await source.workspace.git('clone', '--quiet', '--bare', '.', clone.root);
    const result = await user.json<LsResult>('ls', `file://${clone.root}`, 'data/raw', '-R');
    expect(result.entries).toHaveLength(3);
    expect(sizeBelow(join(source.home, 'cache'))).toBeLessThan(200_000);
  });

  it('lists an earlier commit, a tag and a way along the history', async () => {
    const { workspace } = source;
    await workspace.git('tag', 'v1');
    workspace.write('later.txt', 'x');
    await workspace.commit('second');
    const names = async (...args: string[]) => (await list('../source', ...args)).map(({ path }) => path);
    expect(await names()).toContain('later.txt');
    const first = await workspace.git('rev-parse', 'HEAD~1');
    for (const revision of ['v1', 'HEAD~1', 'main~1', first, first.slice(0, 8)]) {
      expect(await names('--rev', revision)).not.toContain('later.txt');
    }
    expect(await names('--rev', 'main')).toContain('later.txt');
  });

  it.each([
    { args: ['../source', '--rev', 'nowhere'], code: 'unknown-revision' },
    { args: ['../source', '--rev=--upload-pack=touch x'], code: 'unknown-revision' },
    { args: ['../source', 'data/rew'], code: 'path-not-in-repository', hint: 'data/raw' },
    { args: ['../source', 'data/raw/sub/c'], code: 'path-not-tracked' },
    { args: ['../source', '../..'], code: 'path-outside-workspace' },
    { args: ['../nowhere'], code: 'repository-address' },
    { args: ['../source/README.md'], code: 'repository-address' },
    { args: ['ext::touch x'], code: 'repository-address' },
    { args: ['ftp://example.org/x'], code: 'repository-address' },
    { args: ['https://me:secret@example.org/x'], code: 'repository-address' },
    { args: ['../user'], code: 'repository-missing' },
  ])('refuses $args with $code', async ({ args, code, hint = '' }) => {
    const result = await user.run(['ls', ...args, '--json']);
    expect(result.exitCode).toBe(2);
    const { error } = JSON.parse(result.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe(code);
    expect(error.hint).toContain(hint);
    expect(result.stdout).not.toContain('secret');
  });

  it('runs no hook and no program of the other repository', async () => {
    const { workspace } = source;
    const program = join(source.home, 'program.sh');
    const mark = join(source.home, 'it-ran');
    writeFileSync(program, `#!/bin/sh\ntouch ${mark}\n`);
    chmodSync(program, 0o755);
    mkdirSync(workspace.path('.git/hooks'), { recursive: true });
    for (const hook of ['post-checkout', 'pre-receive', 'reference-transaction', 'post-index-change']) {
      writeFileSync(workspace.path(`.git/hooks/${hook}`), `#!/bin/sh\ntouch ${mark}\n`);
      chmodSync(workspace.path(`.git/hooks/${hook}`), 0o755);
    }
    for (const key of [
      'core.fsmonitor',
      'uploadpack.packObjectsHook',
      'core.sshCommand',
      'filter.x.smudge',
    ]) {
      await workspace.git('config', key, program);
    }
    writeFileSync(workspace.path('.gitattributes'), '* filter=x\n');
    await workspace.git(
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'core.fsmonitor=false',
      'add',
      '.gitattributes',
    );
    await workspace.git('-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', 'commit', '-qm', 'x');
    expect(await list('../source', '-R')).not.toEqual([]);
    expect(readdirSync(source.home)).not.toContain('it-ran');
  });
});

function sizeBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
