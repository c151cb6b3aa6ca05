import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { findWorkTree } from '../../src/git/find-work-tree.js';
import { openGit } from '../../src/git/simple-git.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const paths = (...names: string[]) => names as RepoPath[];

function repositoryWith(files: Record<string, string | Buffer>, below = '') {
  const root = gitRepository();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, below, name, '..'), { recursive: true });
    writeFileSync(join(root, below, name), content);
  }
  const commit = gitCommitAll(root, 'first');
  const workspace = join(root, below) as AbsPath;
  return { root, workspace, commit, opened: openGit(workspace)! };
}

describe('git', () => {
  test('the work tree is found from below and in linked work trees, and nowhere else', () => {
    const { root } = repositoryWith({ 'a/b/c': 'x' });
    expect(findWorkTree(join(root, 'a/b') as AbsPath)).toBe(root);
    const linked = join(temporaryFolder(), 'linked') as AbsPath;
    git(root, 'worktree', 'add', '-q', linked);
    expect(findWorkTree(join(linked, 'a') as AbsPath)).toBe(linked);
    expect(openGit(temporaryFolder())).toBeUndefined();
  });

  test('before the first commit there is no current commit', async () => {
    expect(await openGit(gitRepository())!.currentCommit()).toBeUndefined();
  });

  test('what git would take up is told from what it has and what it ignores', async () => {
    const { root, workspace, opened } = repositoryWith(
      { 'same.ocr': 'a', 'changed.ocr': 'a', 'staged.ocr': 'a', '.gitignore': '/out\n' },
      'below',
    );
    for (const name of ['changed.ocr', 'staged.ocr', 'new [1].ocr', 'out', 'other'])
      writeFileSync(join(workspace, name), 'b');
    git(root, 'add', 'below/staged.ocr');
    const asked = paths('same.ocr', 'changed.ocr', 'staged.ocr', 'new [1].ocr', 'out', 'gone.ocr');
    expect(await opened.addable(asked)).toEqual(['changed.ocr', 'new [1].ocr']);
    expect(await opened.addable([])).toEqual([]);
  });

  test('revisions are resolved; an unknown one is the fault of the user', async () => {
    const { root, commit, opened } = repositoryWith({ a: '1' });
    const second = gitCommitAll(root, 'second');
    git(root, 'tag', '-a', 'v1', '-m', 'x', commit);
    expect(await opened.currentCommit()).toBe(second);
    expect(await opened.resolve('HEAD~1')).toBe(commit);
    expect(await opened.resolve('v1')).toBe(commit);
    for (const revision of ['nosuch', '--all', '-x', '']) {
      await expect(opened.resolve(revision)).rejects.toMatchObject({ code: 'unknown-revision', exitCode: 2 });
    }
    expect(await opened.refs()).toEqual([
      { name: 'refs/heads/main', commit: second },
      { name: 'refs/tags/v1', commit },
    ]);
  });

  test('files of a commit are listed and read exactly, whatever their bytes and names', async () => {
    const binary = Buffer.from([0, 255, 10, 13, 10, 0, 128]);
    const files = { 'p.ocr': 'version: 1\n', 'dir with space/ä"q.ocr': binary, 'line\nbreak': '', empty: '' };
    const { root, commit, opened } = repositoryWith(files);
    const at = await opened.resolve(commit);
    const listed = await opened.filesAt(at);
    expect(listed.map((file) => file.path).sort()).toEqual(Object.keys(files).sort());
    const contents = await opened.read(listed);
    listed.forEach((file, index) => {
      expect(contents[index]).toEqual(Buffer.from(files[file.path as keyof typeof files]));
    });
    writeFileSync(join(root, 'p.ocr'), 'changed');
    expect(String(await opened.readAt(at, 'p.ocr' as RepoPath))).toBe('version: 1\n');
    expect(await opened.readAt(at, 'nosuch' as RepoPath)).toBeUndefined();
    expect(await opened.filesAt(at, paths('p.ocr', 'nosuch'))).toHaveLength(1);
  });

  test('a workspace inside the work tree sees its own part, by its own paths', async () => {
    const { root, workspace, opened } = repositoryWith({ 'data/x.ocr': '1' }, 'sub/project');
    writeFileSync(join(root, 'above'), '');
    const commit = await opened.resolve(gitCommitAll(root, 'more'));
    expect((await opened.filesAt(commit)).map((file) => file.path)).toEqual(['data/x.ocr']);
    expect(String(await opened.readAt(commit, 'data/x.ocr' as RepoPath))).toBe('1');
    expect(await opened.tracked(paths('data'))).toEqual(['data/x.ocr']);
    expect(opened.workTree).toBe(root);
    writeFileSync(join(workspace, '.gitignore'), '/ignored\n');
    expect(await opened.ignored(paths('ignored', 'data'))).toEqual(['ignored']);
    expect(await opened.ignored(paths('data'))).toEqual([]);
  });

  test('paths that git holds are told from others, with patterns taken as names', async () => {
    const { opened } = repositoryWith({ 'a/one': '1', 'a/two': '2', '[ab]*': '3' });
    expect(await opened.tracked(paths('a'))).toEqual(['a/one', 'a/two']);
    expect(await opened.tracked(paths('[ab]*'))).toEqual(['[ab]*']);
    expect(await opened.tracked(paths('*', 'nosuch'))).toEqual([]);
  });

  test('names that look like pathspecs are names', async () => {
    const names = [':(top)z.ocr', ':!y.ocr', ':/x.ocr', '*.ocr'];
    const { commit, opened } = repositoryWith(Object.fromEntries(names.map((name) => [name, name])));
    const at = await opened.resolve(commit);
    for (const name of names) {
      expect((await opened.filesAt(at, paths(name))).map(({ path }) => path)).toEqual([name]);
      expect(String(await opened.readAt(at, name as RepoPath))).toBe(name);
      expect(await opened.tracked(paths(name))).toEqual([name]);
      expect(await opened.ignored(paths(name))).toEqual([]);
    }
  });

  test.each(['', 'below'])(
    'thousands of paths get the answers that a few get (workspace: "%s")',
    async (below) => {
      const names = [
        'a.ocr',
        '[ab]*/b.ocr',
        ':!c/d.ocr',
        'plain/e.ocr',
        'plain/deep/f.ocr',
        'back\\slash/g.ocr',
      ];
      const { workspace, commit, opened } = repositoryWith(
        Object.fromEntries([...names, 'plain/other.ocr'].map((name) => [name, name])),
        below,
      );
      for (const name of names.slice(0, 4)) writeFileSync(join(workspace, name), 'changed');
      writeFileSync(join(workspace, 'plain/new.ocr'), 'new');
      writeFileSync(join(workspace, '[ab]*/ignored.ocr'), 'ignored');
      writeFileSync(join(workspace, '[ab]*/.gitignore'), '/ignored.ocr\n');
      const few = paths(...names, 'plain', 'plain/new.ocr', '[ab]*/ignored.ocr');
      const many = [
        ...few,
        ...paths(...Array.from({ length: 1200 }, (_unused, index) => `none/${index % 7}/${index}`)),
      ];
      const at = await opened.resolve(commit);
      expect(await opened.addable(many)).toEqual(
        (await opened.addable(names as RepoPath[])).concat(paths('plain/new.ocr')).sort(),
      );
      expect(await opened.addable(many)).toHaveLength(5);
      expect(await opened.tracked(many)).toEqual(await opened.tracked(few));
      expect(await opened.tracked(many)).toContain('plain/other.ocr');
      expect(await opened.filesAt(at, many)).toEqual(await opened.filesAt(at, few));
      expect(await opened.filesAt(at, many)).toHaveLength(6);
    },
  );

  test('what is wrong with the repository itself is said in the words of git', async () => {
    const { root, commit, opened } = repositoryWith({ a: '1' });
    const at = await opened.resolve(commit);
    rmSync(join(root, '.git/objects'), { recursive: true });
    await expect(opened.filesAt(at)).rejects.toMatchObject({ code: 'git-failed', exitCode: 1 });
  });
});
