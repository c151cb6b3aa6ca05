import { describe, expect, test } from 'vitest';
import { init } from '../../src/actions/init.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import type { AbsPath } from '../../src/base/paths.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const SETTINGS = ['.ocrstore/.gitignore', '.ocrstore/config.yaml'];

/** A workspace with a remote, its settings added to git's index. */
async function withRemote(): Promise<WorkspaceFolder> {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  const settings = { url: temporaryFolder() };
  await remoteAdd({ name: 'team', settings, makeDefault: true, check: false }, folder.call);
  git(folder.root, 'add', '.ocrstore');
  return folder;
}

describe('init where git holds the settings', () => {
  test.each([
    ['index', () => undefined],
    ['last commit', (root: string) => void gitCommitAll(root, 'settings')],
    [
      'last commit alone',
      (root: string) => {
        gitCommitAll(root, 'settings');
        git(root, 'rm', '-rq', '--cached', '.ocrstore');
      },
    ],
  ])('takes them from the %s when .ocrstore was deleted', async (_where, commit) => {
    const folder = await withRemote();
    const before = SETTINGS.map((name) => folder.read(name));
    commit(folder.root);
    folder.remove('.ocrstore');
    await expect(folder.status()).rejects.toMatchObject({ code: 'not-a-workspace' });
    expect(await init({ git: true }, folder.call)).toMatchObject({ created: false, restored: SETTINGS });
    expect(SETTINGS.map((name) => folder.read(name))).toEqual(before);
    expect(await folder.status()).toMatchObject({ remote: 'team' });
  });

  test('takes only what is missing, and leaves what is there as it is', async () => {
    const folder = await withRemote();
    gitCommitAll(folder.root, 'settings');
    folder.write('.ocrstore/config.yaml', 'version: 1\n');
    folder.remove('.ocrstore/.gitignore');
    expect(await init({ git: true }, folder.call)).toMatchObject({ restored: ['.ocrstore/.gitignore'] });
    expect(folder.read('.ocrstore/config.yaml')).toBe('version: 1\n');
    expect(await init({ git: true }, folder.call)).toMatchObject({ created: false, restored: [] });
  });

  test('takes them in a folder below the root of the work tree', async () => {
    const root = gitRepository();
    const folder = new WorkspaceFolder(root);
    folder.write('ml/x', 'x');
    const below = new WorkspaceFolder(`${root}/ml` as typeof root);
    below.init(true);
    below.write('.ocrstore/config.yaml', 'version: 1\nproject: plates\n');
    gitCommitAll(root, 'settings');
    below.remove('.ocrstore');
    expect(await init({ git: true }, below.call)).toMatchObject({ restored: SETTINGS, toCommit: [] });
    expect(below.read('.ocrstore/config.yaml')).toContain('plates');
  });

  test('makes new ones, and says what to commit, where git has none', async () => {
    const folder = new WorkspaceFolder(gitRepository());
    const made = await init({ git: true }, folder.call);
    expect(made).toMatchObject({ created: true, restored: [], toCommit: SETTINGS });
  });
});

test('init says what is wrong with the settings that are there', async () => {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  folder.write('.ocrstore/config.yaml', 'garbage: [\n');
  await expect(init({ git: true }, folder.call)).rejects.toMatchObject({
    code: 'yaml-syntax',
    location: { file: '.ocrstore/config.yaml', line: 2 },
  });
});

test('a work tree below the workspace can use the store of that one, and each has its own pointers', async () => {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  folder.write('data/a', 'a');
  await folder.add('data');
  gitCommitAll(folder.root, 'one');
  git(folder.root, 'worktree', 'add', '-q', 'below');
  const below = new WorkspaceFolder(folder.path('below') as AbsPath);
  const store = { path: '../.ocrstore', shared: false, move: false };
  expect(await init({ git: true, store }, below.call)).toMatchObject({ created: false });
  await below.checkout();
  expect(below.read('data/a')).toBe('a');
  expect((await folder.status()).tracked).toMatchObject([{ path: 'data', state: 'clean' }]);
  folder.write('new/.keep', '');
  await expect(
    init({ git: true }, { ...folder.call, cwd: folder.path('new') as AbsPath }),
  ).rejects.toMatchObject({ code: 'workspace-in-workspace' });
});
