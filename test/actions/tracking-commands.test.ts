import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';
import type { OcrpipeError } from '../../src/base/errors.js';
import { Workspace } from '../../src/project/workspace.js';
import { runAction } from '../rig/action-process.js';
import { fileListing } from '../rig/file-listing.js';
import { add } from '../../src/actions/add.js';
import { checkout } from '../../src/actions/checkout.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { isBroken } from '../../src/actions/status.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { OCRPIPE_SCRIPT, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

function gitWorkspace(): WorkspaceFolder {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  return folder;
}

describe('init', () => {
  test('commits the shared settings and nothing else, and changes nothing when run again', () => {
    const folder = gitWorkspace();
    gitCommitAll(folder.root, 'init');
    expect(git(folder.root, 'ls-files').trim().split('\n')).toEqual([
      '.ocrstore/.gitignore',
      '.ocrstore/config.yaml',
    ]);
    folder.write('.ocrstore/config.yaml', '# ours\nversion: 1\n');
    const before = fileListing(folder.root);
    expect(folder.init(true)).toMatchObject({ created: false, git: true });
    expect(fileListing(folder.root)).toEqual(before);
  });

  test('without git, everything works but what compares commits', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    expect(folder.init()).toMatchObject({ created: true, git: false });
    folder.write('data/a', 'a');
    await folder.add('data');
    expect(await folder.status()).toEqual({
      tracked: [{ path: 'data', state: 'clean' }],
      stages: [],
      problems: [],
      notes: [],
    });
    expect(fileListing(folder.root).some((name) => name.startsWith('.gitignore'))).toBe(false);
    await expect(folder.diff()).rejects.toMatchObject({ code: 'not-in-git' });
  });

  test('a part of a git work tree can be a workspace', async () => {
    const root = gitRepository();
    mkdirSync(`${root}/part/below`, { recursive: true });
    const folder = new WorkspaceFolder(`${root}/part` as AbsPath);
    folder.init(true);
    folder.write('data/a', 'a');
    await folder.add('data');
    gitCommitAll(root, 'one');
    folder.write('data/a', 'b');
    const below = new WorkspaceFolder(`${root}/part/below` as AbsPath);
    expect((await below.status()).tracked).toEqual([{ path: 'data', state: 'modified', cause: 'edited' }]);
    expect((await below.diff()).modified.map(({ path }) => path)).toEqual(['data/a']);
    await below.add('../data');
    expect(git(root, 'status', '--porcelain').trim()).toBe('M part/data.ocr');
  });
});

describe('add', () => {
  test('puts the files of all paths that it is given into one pack', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    const files = Array.from({ length: 12 }, (_each, number) => `images/${number}.jpg`);
    for (const file of files) folder.write(file, file);
    folder.write('labels/a.txt', 'a');
    await folder.add(...files, 'labels');
    expect((await folder.status()).tracked.map(({ state }) => state)).toEqual(
      [...files, 'labels'].map(() => 'clean'),
    );
    const packs = readdirSync(`${folder.root}/.ocrstore/packs`, { recursive: true });
    // One of the files, and one of the folder's node.
    expect(packs.filter((name) => String(name).endsWith('.pack'))).toHaveLength(2);
  });
});

describe('status', () => {
  test('has one word for each way that a path can stand', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    await folder.add('data');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'new', uncommitted: true }]);
    gitCommitAll(folder.root, 'first');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'clean' }]);
    folder.write('data/a', 'edited');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'modified', cause: 'edited' }]);
    await folder.add('data');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'clean', uncommitted: true }]);
    gitCommitAll(folder.root, 'second');
    git(folder.root, 'checkout', '-q', 'HEAD~1');
    expect((await folder.status()).tracked).toEqual([
      { path: 'data', state: 'modified', cause: 'pointer-moved', inStore: true },
    ]);
    folder.write('data/a', 'edited again');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'modified', cause: 'both' }]);
    folder.remove('data');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'missing', inStore: true }]);
  });

  test('in a clone, what has to be pulled is missing and not in the store', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    const clone = new WorkspaceFolder(`${temporaryFolder()}/clone` as AbsPath);
    git(folder.root, 'clone', '-q', folder.root, clone.root);
    expect((await clone.status()).tracked).toEqual([{ path: 'data', state: 'missing', inStore: false }]);
    await expect(clone.checkout()).rejects.toMatchObject({ code: 'object-missing', exitCode: 1 });
    expect(git(clone.root, 'status', '--porcelain')).toBe('');
  });

  test('pointers in folders that git ignores are not looked for', async () => {
    const folder = gitWorkspace();
    folder.write('.gitignore', 'venv/\nKeep/\n');
    folder.write('venv/lib/x.ocr', 'no pointer');
    folder.write('keep/data', 'x');
    await folder.add('keep/data');
    expect((await folder.status()).tracked.map(({ path }) => path)).toEqual(['keep/data']);
  });
});

describe('a pointer that git holds in a folder that it ignores', () => {
  test('is named by status, push, pull and checkout, which pass it over', async () => {
    const folder = new WorkspaceFolder(gitRepository());
    folder.init(true);
    folder.write('data/raw/a', 'a');
    await folder.add('data/raw');
    gitCommitAll(folder.root, 'one');
    await remoteAdd({ name: 'r', check: true, makeDefault: true, settings: { url: 'remote' } }, folder.call);
    expect((await folder.status()).notes).toEqual([]);
    folder.write('.gitignore', 'data/\n');
    const { tracked, notes } = await folder.status();
    expect(tracked).toEqual([]);
    expect(notes).toMatchObject([{ code: 'pointer-unseen' }]);
    const events: unknown[] = [];
    const call = { ...folder.call, events: (event: unknown) => events.push(event) };
    await push({ targets: [], verify: false, jobs: 1 }, call);
    await pull({ targets: [], jobs: 1, force: false }, call);
    await checkout({ targets: [], force: false }, call);
    expect(events.filter((event) => (event as { code?: string }).code === 'pointer-unseen')).toHaveLength(3);
  });

  test('is not what a killed command left, though somebody committed it', async () => {
    const folder = new WorkspaceFolder(gitRepository());
    folder.init(true);
    folder.write('data', 'a');
    await folder.add('data');
    folder.write('.ocrpipe-tmp-2z60w-e18223e9766a-data.ocr', folder.read('data.ocr'));
    gitCommitAll(folder.root, 'with what add -A finds');
    expect((await folder.status()).notes).toEqual([]);
  });
});

describe('checkout', () => {
  test('shows what it put in place, then what it could not, in text and in one document', async () => {
    const folder = gitWorkspace();
    for (const name of ['one', 'two', 'three']) folder.write(`${name}/a`, name);
    await folder.add('one', 'two', 'three');
    for (const name of ['one', 'two', 'three']) folder.remove(name);
    folder.write('one.ocr', 'version: 1\n');
    folder.write('three.ocr', folder.read('three.ocr').replace(/id: ..../, 'id: 0000'));
    const text = await runOcrpipe(['checkout'], { cwd: folder.root });
    expect(text).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^two {2}checked out {2}\(\w+\)\n$/) as string,
    });
    expect(text.stderr.split('\n').map((line) => line.slice(0, 40))).toEqual([
      'error: 2 paths could not be done:',
      expect.stringMatching(/^ {2}one\.ocr: '\w+' /),
      expect.stringMatching(/^ {2}the store has not the bytes of three;/),
      expect.stringMatching(/^ {2}hint: Take it from git/),
      '',
    ]);
    folder.remove('two');
    const { exitCode, stdout } = await runOcrpipe(['checkout', '--json'], { cwd: folder.root });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      changed: [{ path: 'two' }],
      unchanged: 0,
      error: { code: 'broken-pointer' },
    });
  });

  test('in a clone without data names a few paths, and the command that gets them all', async () => {
    const folder = gitWorkspace();
    const names = Array.from({ length: 12 }, (_, index) => `data${index}`);
    for (const name of names) folder.write(name, name);
    await folder.add(...names);
    gitCommitAll(folder.root, 'first');
    const clone = new WorkspaceFolder(`${temporaryFolder()}/clone` as AbsPath);
    git(folder.root, 'clone', '-q', folder.root, clone.root);
    const error = await clone.checkout().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'object-missing', exitCode: 1 });
    const { message, hint } = error as OcrpipeError;
    expect(message.split('\n')).toHaveLength(5);
    expect(message).toContain('and 9 more');
    expect(hint).toBe("Get what is missing from a remote with 'ocrpipe pull'.");
  });
});

describe('a workspace that may not be written', () => {
  // Root may write everywhere: it runs the command as somebody else.
  const somebody = process.getuid?.() === 0 ? 65_534 : undefined;

  function asSomebody(args: readonly string[], cwd: string) {
    const env = { ...process.env, HOME: '/nonexistent', NO_COLOR: '1', OCRPIPE_DEBUG: '' };
    const user = somebody === undefined ? {} : { uid: somebody, gid: somebody };
    return spawnSync(process.execPath, [OCRPIPE_SCRIPT, ...args], { cwd, env, encoding: 'utf8', ...user });
  }

  test.skipIf(process.platform === 'win32')(
    'is looked at by status, and checkout says what it may not write',
    async () => {
      const folder = gitWorkspace();
      folder.write('data/a', 'a');
      await folder.add('data');
      gitCommitAll(folder.root, 'first');
      const parent = temporaryFolder();
      const clone = `${parent}/clone`;
      git(folder.root, 'clone', '-q', folder.root, clone);
      const uid = somebody ?? process.getuid!();
      execFileSync('chown', ['-R', String(uid), parent]);
      execFileSync('chmod', ['-R', 'a-w', clone]);
      try {
        const status = asSomebody(['status', '--json'], clone);
        expect(status, status.stderr).toMatchObject({ status: 0 });
        expect(JSON.parse(status.stdout)).toMatchObject({ tracked: [{ path: 'data', state: 'missing' }] });
        const refused = asSomebody(['checkout', '--json'], clone);
        expect(refused).toMatchObject({ status: 2 });
        const { error } = JSON.parse(refused.stdout) as { error: { code: string; message: string } };
        expect(error.code).toBe('no-permission');
        expect(error.message).toContain(`${clone}/.ocrstore`);
      } finally {
        execFileSync('chmod', ['-R', 'u+w', clone]);
      }
    },
  );
});

describe('a name that is not UTF-8', () => {
  test('is accepted as it is shown: what it is in is brought', async () => {
    const folder = gitWorkspace();
    const odd = Buffer.concat([Buffer.from(folder.path('data/odd/')), Buffer.from([0xff])]);
    folder.write('data/odd/plain', 'p');
    folder.write('data/other/plain', 'p');
    writeFileSync(odd, 'o');
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    const remote = temporaryFolder();
    for (const args of [['remote', 'add', 'store', remote, '--default'], ['push']]) {
      expect(await runOcrpipe(args, { cwd: folder.root })).toMatchObject({ exitCode: 0 });
    }
    rmSync(odd);
    const [deleted] = (await folder.diff()).deleted;
    for (const name of ['data', '.ocrstore/packs', '.ocrstore/index']) folder.remove(name);
    expect(deleted?.path).toBe('data/odd/\\xff');
    const pulled = await runOcrpipe(['pull', deleted!.path], { cwd: folder.root });
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0 });
    expect(readFileSync(odd, 'utf8')).toBe('o');
    expect(readdirSync(folder.path('data'))).toEqual(['odd']);
  });
});

describe('files named like pointers', () => {
  test("that are none are in nobody's way, and are not overwritten", async () => {
    const folder = gitWorkspace();
    folder.write('pages/p1.ocr', 'recognised text of page 1\n');
    folder.write('pages/p2', 'a scan');
    folder.write('pages/p2.ocr', 'recognised text of page 2\n');
    folder.write('data/a', 'a');
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    expect((await folder.status()).tracked).toEqual([{ path: 'data', state: 'clean' }]);
    expect((await folder.diff()).added).toEqual([]);
    expect(await folder.commit()).toMatchObject({ tracked: [] });
    await expect(folder.add('pages/p2')).rejects.toMatchObject({ code: 'pointer-name-taken', exitCode: 2 });
    expect(folder.read('pages/p2.ocr')).toBe('recognised text of page 2\n');
    folder.write('pages/p3.ocr', 'recognised text of page 3\n');
    await folder.add('pages/p3.ocr');
    expect(folder.read('pages/p3.ocr.ocr')).toContain('kind: file');
  });

  test('a folder of that name is met before anything is written', async () => {
    const folder = gitWorkspace();
    folder.write('foo', 'data');
    mkdirSync(folder.path('foo.ocr'));
    const before = fileListing(folder.root).filter((name) => !name.startsWith('.ocrstore/'));
    await expect(folder.add('foo')).rejects.toMatchObject({ code: 'pointer-name-taken', exitCode: 2 });
    expect(fileListing(folder.root).filter((name) => !name.startsWith('.ocrstore/'))).toEqual(before);
  });

  test('a broken pointer is said of its own path; the others are shown and done', async () => {
    const folder = gitWorkspace();
    for (const name of ['one', 'two', 'three']) folder.write(`${name}/x`, name);
    await folder.add('one', 'two', 'three');
    gitCommitAll(folder.root, 'first');
    folder.write('two.ocr', folder.read('two.ocr').replace('version: 1', 'version: 9'));
    folder.remove('one');
    folder.write('three/x', 'edited');
    const result = await folder.status();
    expect(result.tracked).toMatchObject([
      { path: 'one', state: 'missing' },
      { path: 'three', state: 'modified' },
      {
        path: 'two',
        state: 'broken',
        problem: { code: 'broken-pointer', location: { file: 'two.ocr', line: 1 } },
      },
    ]);
    expect(isBroken(result)).toBe(true);
    await expect(folder.checkout(['one', 'two'])).rejects.toMatchObject({ code: 'broken-pointer' });
    expect(folder.read('one/x')).toBe('one');
    await expect(folder.commit()).rejects.toMatchObject({ code: 'broken-pointer', exitCode: 2 });
    expect(await folder.state('three')).toBe('clean');
  });

  test('a pointer that counts wrong is an edit, and recording it mends it', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    await folder.add('data');
    const sound = folder.read('data.ocr');
    folder.write('data.ocr', sound.replace('files: 1', 'files: 7'));
    expect(await folder.state('data')).toBe('modified');
    await folder.commit();
    expect(folder.read('data.ocr')).toBe(sound);
  });
});

describe('names', () => {
  test('that a shell would not take as they are, are quoted in hints', async () => {
    const folder = gitWorkspace();
    folder.write('no such', '1');
    await folder.add('no such');
    folder.remove('no such');
    await expect(folder.add('no such')).rejects.toMatchObject({
      hint: expect.stringContaining('ocrpipe checkout "no such"') as string,
    });
    await expect(folder.add('caf\\xe9')).rejects.toMatchObject({
      hint: expect.stringContaining('not UTF-8') as string,
    });
  });
});

describe('commit', () => {
  test('records edits, and leaves alone what git moved', async () => {
    const folder = gitWorkspace();
    folder.write('moved/a', '1');
    folder.write('edited/a', '1');
    await folder.add('moved', 'edited');
    gitCommitAll(folder.root, 'first');
    folder.write('moved/a', '2');
    await folder.add('moved');
    git(folder.root, 'checkout', '-q', '--', 'moved.ocr');
    folder.write('edited/a', '2');
    const pointer = folder.read('moved.ocr');
    const { tracked } = await folder.commit();
    expect(tracked.map(({ path }) => path)).toEqual(['edited']);
    expect(folder.read('moved.ocr')).toBe(pointer);
    expect((await folder.commit('moved')).tracked.map(({ path }) => path)).toEqual(['moved']);
    expect(await folder.commit()).toEqual({ tracked: [], stages: [], git: true, toCommit: [] });
  });

  test('drops nothing that may never have come here', async () => {
    const folder = gitWorkspace();
    for (const name of ['a', 'b', 'c']) folder.write(`data/${name}`, name);
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    const clone = new WorkspaceFolder(`${temporaryFolder()}/clone` as AbsPath);
    git(folder.root, 'clone', '-q', folder.root, clone.root);
    clone.write('data/a', 'copied by hand, then edited');
    const pointer = clone.read('data.ocr');
    for (const targets of [[], ['data']]) {
      await expect(clone.commit(...targets)).rejects.toMatchObject({
        code: 'missing-data',
        hint: expect.stringContaining("'ocrpipe add data'") as string,
      });
    }
    expect(clone.read('data.ocr')).toBe(pointer);
    expect((await clone.add('data')).added).toMatchObject([{ files: 1 }]);
  });

  test('has add name the files that it leaves out though nobody may have deleted them, and the way back', async () => {
    const folder = gitWorkspace();
    for (const name of ['a', 'b', 'large'])
      folder.write(`data/${name}`, name.repeat(name === 'large' ? 300_000 : 1));
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    cpSync(folder.path('.ocrstore/objects'), folder.path('.ocrstore/kept'), { recursive: true });
    for (const name of ['data', '.ocrstore/objects']) folder.remove(name);
    await expect(folder.checkout()).rejects.toMatchObject({ code: 'object-missing' });
    const notes: unknown[] = [];
    const events = (event: unknown): void => void notes.push(event);
    expect((await add({ paths: ['data'] }, { ...folder.call, events })).added).toMatchObject([{ files: 2 }]);
    expect(notes).toContainEqual({
      type: 'note',
      level: 'warning',
      code: 'files-left-out',
      message: expect.stringMatching(
        /1 of the files .*\(data\/large\).*'git checkout -- data\.ocr', then 'ocrpipe pull data'/,
      ) as string,
    });
    renameSync(folder.path('.ocrstore/kept'), folder.path('.ocrstore/objects'));
    git(folder.root, 'checkout', '--', 'data.ocr');
    await folder.checkout(['data']);
    expect(folder.read('data/large')).toHaveLength(1_500_000);
  });

  test('has add say nothing of files that were deleted', async () => {
    const folder = gitWorkspace();
    for (const name of ['a', 'b']) folder.write(`data/${name}`, name);
    await folder.add('data');
    folder.remove('data/b');
    const notes: unknown[] = [];
    const events = (event: { type: string }): void => {
      if (event.type === 'note') notes.push(event);
    };
    expect((await add({ paths: ['data'] }, { ...folder.call, events })).added).toMatchObject([{ files: 1 }]);
    expect(notes).toEqual([]);
  });
});

describe('diff', () => {
  test('tells added, modified, deleted and renamed files, between commits and with the workspace', async () => {
    const folder = gitWorkspace();
    for (const name of ['same', 'edited', 'gone', 'old-name']) folder.write(`data/${name}`, name);
    folder.write('one.txt', '1');
    await folder.add('data', 'one.txt');
    gitCommitAll(folder.root, 'first');
    folder.write('data/edited', 'otherwise');
    folder.write('data/sub/new', 'new');
    folder.remove('data/gone');
    renameSync(folder.path('data/old-name'), folder.path('data/sub/new-name'));
    folder.write('one.txt', '2');
    const expected = {
      added: ['data/sub/new'],
      modified: ['data/edited', 'one.txt'],
      deleted: ['data/gone'],
      renamed: [['data/old-name', 'data/sub/new-name']],
    };
    expect(names(await folder.diff())).toEqual(expected);
    await folder.commit();
    gitCommitAll(folder.root, 'second');
    expect(names(await folder.diff())).toEqual({ added: [], modified: [], deleted: [], renamed: [] });
    expect(names(await folder.diff('HEAD~1', 'HEAD'))).toEqual(expected);
    expect(names(await folder.diff('HEAD', 'HEAD~1'))).toEqual({
      added: ['data/gone'],
      modified: ['data/edited', 'one.txt'],
      deleted: ['data/sub/new'],
      renamed: [['data/sub/new-name', 'data/old-name']],
    });
    const [edited] = (await folder.diff('HEAD~1')).modified;
    expect(edited?.old).toMatch(/^[0-9a-f]{64}$/);
    expect(edited?.new).toMatch(/^[0-9a-f]{64}$/);
  });

  test('before the first commit everything is added', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    await folder.add('data');
    expect(names(await folder.diff()).added).toEqual(['data/a']);
  });

  test('before the first commit, what pointers name and is gone is deleted', async () => {
    const folder = gitWorkspace();
    for (const name of ['data/a', 'data/b', 'alone']) folder.write(name, name);
    await folder.add('data', 'alone');
    for (const name of ['data/b', 'alone']) folder.remove(name);
    folder.write('data/c', 'data/b');
    const { added, deleted, renamed } = await folder.diff();
    expect([added, deleted].map((changes) => changes.map(({ path }) => path))).toEqual([
      ['data/a', 'data/c'],
      ['alone', 'data/b'],
    ]);
    expect(renamed).toEqual([]);
  });

  test('folders whose listing is not here are named, not guessed', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', '1');
    await folder.add('data');
    gitCommitAll(folder.root, 'first');
    const clone = new WorkspaceFolder(`${temporaryFolder()}/clone` as AbsPath);
    git(folder.root, 'clone', '-q', folder.root, clone.root);
    expect((await clone.diff()).unknown).toMatchObject([{ path: 'data' }]);
  });
});

describe('add', () => {
  test('processes that add at once all succeed, and share a .gitignore', async () => {
    const folder = gitWorkspace();
    const paths = ['data/one', 'data/two', 'data/three', 'data/four'];
    for (const path of paths) for (let n = 0; n < 50; n += 1) folder.write(`${path}/${n}`, `shared ${n}`);
    const addInProcess = (path: string) => runAction(folder.root, ['add', { paths: [path] }]);
    const codes = (await Promise.all(paths.map(addInProcess))).map(({ exitCode }) => exitCode);
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(folder.read('data/.gitignore').trim().split('\n').sort()).toEqual([
      '/four',
      '/one',
      '/three',
      '/two',
    ]);
    const workspace = Workspace.open(folder.call, 'test');
    expect(workspace.files.pointers().map(({ snapshot }) => workspace.files.inStore(snapshot))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    workspace.close();
    expect((await folder.status()).tracked.every(({ state }) => state === 'new')).toBe(true);
  });

  test('a broken pointer is mended by adding its path again', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    folder.write('data.ocr', '<<<<<<< HEAD\n');
    await folder.add('data');
    expect(await folder.state('data')).toBe('new');
  });

  test('adding what is tracked and unchanged changes nothing', async () => {
    const folder = gitWorkspace();
    folder.write('data/a', 'a');
    await folder.add('data');
    const before = fileListing(folder.root);
    expect((await folder.add('data', './data')).added).toMatchObject([{ path: 'data', changed: false }]);
    expect(fileListing(folder.root)).toEqual(before);
  });
});

function names(result: Awaited<ReturnType<WorkspaceFolder['diff']>>) {
  const { added, modified, deleted, renamed } = result;
  const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path);
  return {
    added: paths(added),
    modified: paths(modified),
    deleted: paths(deleted),
    renamed: renamed.map(({ from, path }) => [from, path]),
  };
}
