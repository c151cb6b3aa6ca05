import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { gc } from '../../src/actions/gc.js';
import { init } from '../../src/actions/init.js';
import { isBroken } from '../../src/actions/status.js';
import { absPath, type AbsPath, type RepoPath } from '../../src/base/paths.js';
import { Workspace } from '../../src/project/workspace.js';
import { add } from '../../src/actions/add.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { registeredWorkspaces } from '../../src/store/registered-workspaces.js';
import { git, gitCommitAll } from '../rig/git-repository.js';
import { OCRPIPE_SCRIPT } from '../rig/ocrpipe.js';
import { canSwitchUser, spawnAs } from '../rig/other-user.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { systemError, watchChanges } from '../rig/watched-files.js';
import { WorkspaceFolder } from './workspace-folder.js';

let begun: WorkspaceFolder;
beforeAll(async () => {
  begun = await begin(temporaryFolder(afterAll));
});

/** `data/raw` and the file `single` are tracked and committed. */
function committed(): WorkspaceFolder {
  const folder = new WorkspaceFolder(temporaryFolder());
  cpSync(begun.root, folder.root, { recursive: true });
  return folder;
}

async function begin(root: AbsPath): Promise<WorkspaceFolder> {
  git(root, 'init', '-q', '--template=', '-b', 'main');
  const folder = new WorkspaceFolder(root);
  folder.init(true);
  folder.write('data/raw/a', 'a');
  folder.write('data/raw/b', 'b');
  folder.write('single', 's');
  await folder.add('data/raw', 'single');
  gitCommitAll(root, 'first');
  return folder;
}

const codesOf = (list: readonly { code: string }[]): string[] => list.map(({ code }) => code);

describe('one path of which nothing can be told', () => {
  const odd: Record<string, (folder: WorkspaceFolder) => string> = {
    'a link out of the workspace': (folder) => {
      folder.remove('data/raw');
      symlinkSync(temporaryFolder(), folder.path('data/raw'));
      return 'path-outside-workspace';
    },
    'a link to itself': (folder) => {
      folder.remove('data/raw');
      symlinkSync('raw', folder.path('data/raw'));
      return 'path-through-link';
    },
    'a FIFO among its files': (folder) => {
      spawnSync('mkfifo', [folder.path('data/raw/pipe')]);
      return 'not-trackable';
    },
  };

  test.each(Object.entries(odd))('does not keep status from telling of others: %s', async (_what, make) => {
    const folder = committed();
    const code = make(folder);
    const status = await folder.status();
    expect(status.tracked).toMatchObject([
      { path: 'data/raw', state: 'broken', problem: { code, hint: expect.any(String) as string } },
      { path: 'single', state: 'clean' },
    ]);
    expect(isBroken(status)).toBe(true);
    folder.remove('data/raw');
    await folder.checkout();
    expect(await folder.state('data/raw')).toBe('clean');
  });

  test.each(['data/raw', 'single'])(
    'a link in the place of %s is no clean path, though it leads to the same bytes: status, add, commit and checkout say so alike',
    async (path) => {
      const folder = committed();
      renameSync(folder.path(path), folder.path('moved'));
      symlinkSync(folder.path('moved'), folder.path(path));
      const hint = expect.stringMatching(/checkout --force .*add --follow /) as string;
      const refusal = { code: 'path-through-link', hint };
      const { tracked } = await folder.status();
      expect(tracked.find((each) => each.path === path)).toMatchObject({ state: 'broken', problem: refusal });
      await expect(folder.checkout()).rejects.toMatchObject(refusal);
      await expect(folder.commit(path)).rejects.toMatchObject(refusal);
      await expect(folder.add(path)).rejects.toMatchObject(refusal);
      await add({ paths: [path], follow: true }, folder.call);
      expect([await folder.state(path), lstatSync(folder.path(path)).isSymbolicLink()]).toEqual([
        'clean',
        false,
      ]);
      folder.remove(path);
      symlinkSync(folder.path('moved'), folder.path(path));
      await folder.checkout([path], true);
      expect(await folder.state(path)).toBe('clean');
    },
  );

  test('a pipeline that reads it is passed over until it can be read again', async () => {
    const folder = committed();
    folder.write(
      'pipeline.yaml',
      'stages: {s: {run: cat data/raw/a > out, deps: [data/raw], outs: [out]}}\n',
    );
    spawnSync('mkfifo', [folder.path('data/raw/pipe')]);
    expect(await folder.status()).toMatchObject({ stages: [], problems: [] });
    folder.remove('data/raw/pipe');
    expect(await folder.status()).toMatchObject({ stages: [{ name: 's', state: 'never-run' }] });
  });

  test.skipIf(!canSwitchUser)('a pointer that may not be read is told by name, and stops gc', () => {
    const folder = committed();
    spawnSync('chown', ['-R', '1234:1234', folder.root]);
    chmodSync(folder.path('single.ocr'), 0o000);
    const run = (...args: string[]) =>
      spawnAs({ user: 1234, group: 1234 }, [process.execPath, OCRPIPE_SCRIPT, ...args], {
        cwd: folder.root,
        env: { ...process.env, HOME: folder.root, GIT_CONFIG_GLOBAL: '/dev/null' },
      });
    const status = run('status', '--json');
    expect([status.status, JSON.parse(status.stdout)]).toMatchObject([
      2,
      {
        tracked: [
          { path: 'data/raw', state: 'clean' },
          { path: 'single', state: 'broken' },
        ],
      },
    ]);
    const collected = run('gc', '--workspace', '--unpushed', '--now');
    expect([collected.status, collected.stderr]).toEqual([2, expect.stringContaining('single.ocr')]);
    chmodSync(folder.path('.ocrstore/packs'), 0o000);
    const checked = run('fsck');
    expect([checked.status, checked.stderr]).toEqual([2, expect.stringContaining('no permission to list')]);
    chmodSync(folder.path('.ocrstore/packs'), 0o755);
  });
});

describe('a pointer inside a tracked folder', () => {
  test('is told of by add and by status', async () => {
    const folder = committed();
    cpSync(folder.path('single.ocr'), folder.path('data/raw/inner.ocr'));
    const { notes } = await folder.status();
    expect(codesOf(notes)).toEqual(['pointer-inside']);
    const events: OcrpipeEvent[] = [];
    await add({ paths: ['data/raw'] }, { ...folder.call, events: (event) => events.push(event) });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'note', level: 'warning', code: 'pointer-inside' }),
    );
    await expect(folder.add('data/raw/inner')).rejects.toMatchObject({ code: 'path-overlaps' });
  });

  test('as after a merge of one branch that tracks the whole and one that tracks a part', async () => {
    const folder = committed();
    git(folder.root, 'checkout', '-q', '-b', 'whole');
    await folder.rm(['data/raw']);
    git(folder.root, 'rm', '-q', '-f', 'data/raw.ocr', 'data/.gitignore');
    await folder.add('data');
    gitCommitAll(folder.root, 'whole');
    git(folder.root, 'checkout', '-q', 'main');
    expect((await folder.status()).notes).toEqual([]);
    git(folder.root, 'checkout', '-q', 'whole', '--', 'data.ocr', '.gitignore');
    const { tracked, notes } = await folder.status();
    expect(tracked.map(({ path }) => path)).toEqual(['data', 'single']);
    expect(codesOf(notes)).toContain('pointer-inside');
  });
});

describe('data that git does not ignore', () => {
  test('is told of before git takes it, and after', async () => {
    const folder = committed();
    git(folder.root, 'mv', 'data/raw.ocr', 'data/new.ocr');
    renameSync(folder.path('data/raw'), folder.path('data/new'));
    expect(codesOf((await folder.status()).notes)).toEqual(['data-not-ignored']);
    gitCommitAll(folder.root, 'renamed');
    expect(codesOf((await folder.status()).notes)).toEqual(['data-in-git']);
    git(folder.root, 'rm', '-r', '-q', '--cached', 'data/new');
    await folder.add('data/new');
    expect((await folder.status()).notes).toEqual([]);
  });

  test('is none where another rule ignores it', async () => {
    const folder = committed();
    writeFileSync(folder.path('data/.gitignore'), '');
    writeFileSync(folder.path('.gitignore'), '/single\nraw/\n');
    expect((await folder.status()).notes).toEqual([]);
  });
});

test('what lies in a git repository below is refused: its pointer could not be committed', async () => {
  const folder = committed();
  mkdirSync(folder.path('clone'));
  git(folder.path('clone'), 'init', '-q', '--template=');
  folder.write('clone/f', 'f');
  await expect(folder.add('clone/f')).rejects.toMatchObject({
    code: 'path-in-other-repository',
    exitCode: 2,
  });
  await folder.add('clone');
  expect((await folder.status()).notes).toEqual([]);
});

describe('a .ocrstore that is a link', () => {
  const collectAll = (folder: WorkspaceFolder) =>
    gc(
      {
        ...{ projects: [], forgetWorkspaces: [], workspace: true, unpushed: true },
        ...{ allowMissing: false, now: true, dryRun: false },
      },
      folder.call,
    );

  function two(): [WorkspaceFolder, WorkspaceFolder] {
    const one = committed();
    const other = new WorkspaceFolder(temporaryFolder());
    cpSync(one.root, other.root, { recursive: true });
    other.remove('.ocrstore');
    symlinkSync(one.path('.ocrstore'), other.path('.ocrstore'));
    return [one, other];
  }

  test("to another workspace's is refused, which would delete what only that one needs", async () => {
    const [one, other] = two();
    one.write('data/raw/a', 'edited');
    await one.add('data/raw');
    await expect(collectAll(other)).rejects.toMatchObject({ code: 'state-folder-shared', exitCode: 2 });
    await expect(other.status()).rejects.toMatchObject({ code: 'state-folder-shared' });
    expect((await fsck({}, one.call)).missing).toEqual([]);
  });

  test('may lead to another disk, for one workspace; a second one is told how to share the store', async () => {
    const [one, other] = two();
    const disk = `${temporaryFolder()}/big`;
    renameSync(one.path('.ocrstore'), disk);
    symlinkSync(disk, one.path('.ocrstore'));
    expect(await one.state('single')).toBe('clean');
    expect(registeredWorkspaces(disk).workspaces).toMatchObject([{ root: one.root }]);
    other.remove('.ocrstore');
    symlinkSync(disk, other.path('.ocrstore'));
    await expect(other.status()).rejects.toMatchObject({ code: 'state-folder-shared' });
    other.remove('.ocrstore');
    git(other.root, 'checkout', '-q', '--', '.ocrstore');
    await init({ git: true, store: { path: disk, shared: false, move: false } }, other.call);
    other.write('data/raw/a', 'edited');
    await other.add('data/raw');
    await collectAll(one);
    expect((await fsck({}, other.call)).missing).toEqual([]);
  });

  test('of two workspaces without git to one folder is refused to the second, which keeps the store by its name', async () => {
    const disk = `${temporaryFolder()}/disk`;
    mkdirSync(disk);
    const [one, other] = [1, 2].map(() => new WorkspaceFolder(temporaryFolder())) as [
      WorkspaceFolder,
      WorkspaceFolder,
    ];
    const shared = { code: 'state-folder-shared', exitCode: 2 };
    for (const each of [one, other]) {
      symlinkSync(disk, each.path('.ocrstore'));
      each.write('data/x', each === one ? 'a' : 'b');
    }
    await init({ git: false }, one.call);
    await one.add('data');
    await expect(init({ git: false }, other.call)).rejects.toMatchObject(shared);
    await expect(other.add('data')).rejects.toMatchObject(shared);
    other.remove('.ocrstore');
    await init({ git: false, store: { path: disk, shared: false, move: false } }, other.call);
    await other.add('data');
    one.write('data/x', 'another');
    await one.add('data');
    for (const each of [one, other]) {
      await collectAll(each);
      expect(await each.state('data')).toBe('clean');
      each.remove('data');
      await each.checkout();
    }
    expect([one.read('data/x'), other.read('data/x')]).toEqual(['another', 'b']);
  });

  test('to a workspace without git is refused to both while it is there', async () => {
    const [one, other] = two();
    one.remove('.git');
    await expect(collectAll(other)).rejects.toMatchObject({ code: 'state-folder-shared' });
    // A folder that holds nothing but the state of the other is no workspace.
    for (const name of ['single.ocr', 'data']) one.remove(name);
    expect(await other.state('single')).toBe('clean');
    await expect(collectAll(one)).rejects.toMatchObject({ code: 'state-folder-shared' });
    other.remove('.ocrstore');
    expect((await one.status()).tracked).toEqual([]);
  });

  test.each([
    ['leads nowhere', '/nowhere/at/all'],
    ['leads to itself', '.ocrstore'],
    ['is a file', undefined],
  ])('is named where it %s', async (_what, target) => {
    const folder = committed();
    folder.remove('.ocrstore');
    if (target === undefined) folder.write('.ocrstore', '');
    else symlinkSync(target, folder.path('.ocrstore'));
    const expected = { code: 'state-folder-broken', exitCode: 2 };
    await expect(folder.status()).rejects.toMatchObject(expected);
    await expect(init({ git: true }, folder.call)).rejects.toMatchObject(expected);
  });
});

describe('a store of which a part cannot be', () => {
  test('listed is no empty one: who uses it would be taken for nobody', async () => {
    const folder = committed();
    for (const name of ['packs', 'workspaces']) {
      rmSync(folder.path(`.ocrstore/${name}`), { recursive: true, force: true });
      symlinkSync(name, folder.path(`.ocrstore/${name}`));
    }
    await expect(fsck({}, folder.call)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(() => registeredWorkspaces(folder.path('.ocrstore'))).toThrow('ELOOP');
  });

  test('written is not said to have been repaired', async () => {
    const folder = committed();
    const [name] = readdirSync(folder.path('.ocrstore/packs')).sort();
    const pack = folder.path(`.ocrstore/packs/${name!}`);
    chmodSync(pack, 0o644);
    const bytes = readFileSync(pack);
    bytes[20]! ^= 1;
    writeFileSync(pack, bytes);
    onTestFinished(
      watchChanges((change) => {
        if (change.paths.some((path) => path.includes('/.ocrstore/'))) throw systemError('EROFS', change);
      }),
    );
    await expect(fsck({ repair: true }, folder.call)).rejects.toMatchObject({ code: 'EROFS' });
  });
});

test('a pointer that the system does not let go is named, and a move is finished when it does', async () => {
  const folder = committed();
  const refuse = () =>
    watchChanges((change) => {
      const isPointer = change.paths[0]?.endsWith('/single.ocr') === true;
      if (isPointer && ['unlinkSync', 'rmSync'].includes(change.call)) throw systemError('EPERM', change);
    });
  let stop = refuse();
  onTestFinished(() => {
    stop();
  });
  const syscall = { code: 'EPERM', syscall: 'unlink' };
  await expect(folder.rm(['single'])).rejects.toMatchObject(syscall);
  await expect(folder.mv('single', 'moved')).rejects.toMatchObject(syscall);
  expect((await folder.status()).tracked.map(({ path, state }) => [path, state])).toEqual([
    ['data/raw', 'clean'],
    ['moved', 'new'],
    ['single', 'missing'],
  ]);
  stop();
  stop = () => undefined;
  await folder.mv('single', 'moved');
  expect((await folder.status()).tracked.map(({ path }) => path)).toEqual(['data/raw', 'moved']);
  expect(folder.read('moved')).toBe('s');
});

test('a pointer by the name of which the folder around the workspace would be meant is none', async () => {
  const around = temporaryFolder();
  const folder = new WorkspaceFolder(absPath(`${around}/workspace`));
  cpSync(begun.root, folder.root, { recursive: true });
  writeFileSync(`${around}/precious`, 'precious');
  mkdirSync(folder.path('sub'));
  for (const name of ['...ocr', '..ocr', 'sub/...ocr', 'sub/..ocr']) {
    cpSync(folder.path('data/raw.ocr'), folder.path(name));
  }
  await folder.checkout([], true);
  expect(readdirSync(around).sort()).toEqual(['precious', 'workspace']);
  expect(readdirSync(folder.path('sub')).sort()).toEqual(['...ocr', '..ocr']);
  expect((await folder.status()).tracked.map(({ path }) => path)).toEqual(['data/raw', 'single']);
  const { files } = Workspace.open(folder.call, 'a test');
  for (const path of ['..', 'sub/..', '.', 'sub/.'] as RepoPath[]) {
    const snapshot = files.pointer('data/raw' as RepoPath)!;
    await expect(files.checkout(path, snapshot, { force: true })).rejects.toMatchObject({ exitCode: 2 });
    await expect(files.remove(path, { force: true })).rejects.toMatchObject({ exitCode: 2 });
  }
  expect(readdirSync(around).sort()).toEqual(['precious', 'workspace']);
});
