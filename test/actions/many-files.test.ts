import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import type { OcrpipeError } from '../../src/base/errors.js';
import type { AbsPath } from '../../src/base/paths.js';
import { crashesOf, twiceEach } from '../rig/crashes.js';
import { fileListing } from '../rig/file-listing.js';
import { git, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { watchChanges, type FileChange } from '../rig/watched-files.js';
import { expectSound } from './expect-sound.js';
import { WorkspaceFolder } from './workspace-folder.js';

const MANY = 150;

/** Tracked by a pointer each, in two folders. */
function namesOf(count: number): string[] {
  return Array.from(
    { length: count },
    (_unused, index) => `${index % 2 === 0 ? 'even' : 'odd'}/${index}.png`,
  );
}

async function withFiles(names: readonly string[], root = temporaryFolder()): Promise<WorkspaceFolder> {
  const folder = new WorkspaceFolder(root);
  folder.init();
  for (const name of names) folder.write(name, `bytes of ${name}`);
  await folder.add(...names);
  return folder;
}

/** The changes that `work` makes on disk. */
async function changesOf(work: () => Promise<unknown>): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  const stop = watchChanges((change) => changes.push(change));
  await work().finally(stop);
  return changes;
}

function flushesIn(changes: readonly FileChange[]): number {
  return changes.filter(({ call }) => call === 'fsyncSync' || call === 'syncfs').length;
}

function pointersOf(folder: WorkspaceFolder, names: readonly string[]): Map<string, string> {
  return new Map(names.map((name) => [name, folder.read(`${name}.ocr`)]));
}

/** Both versions are stored, the second one stands in the workspace, the pointers name the first. */
async function movedBack(names: readonly string[], root = temporaryFolder()): Promise<WorkspaceFolder> {
  const folder = await withFiles(names, root);
  const first = pointersOf(folder, names);
  for (const name of names) folder.write(name, `second bytes of ${name}`);
  await folder.add(...names);
  for (const [name, text] of first) folder.write(`${name}.ocr`, text);
  return folder;
}

/** Of the files that are checked out, those that nobody else has touched stand as they were added. */
function expectFirst(folder: WorkspaceFolder, names: readonly string[]): void {
  for (const name of names) expect(folder.read(name)).toBe(`bytes of ${name}`);
}

describe('a checkout of many single files', () => {
  const names = namesOf(MANY);

  test('flushes each folder once, and what is remembered together, however many there are', async () => {
    const folder = await withFiles(names);
    for (const name of names) folder.remove(name);
    const changes = await changesOf(() => folder.checkout());
    // The two folders; all is remembered of these files already.
    expect(flushesIn(changes)).toBe(2);
    expectFirst(folder, names);
    expect(changes.filter(({ call }) => call === 'renameSync').length).toBeLessThan(MANY + 10);
    const { tracked } = await folder.status();
    expect(new Set(tracked.map(({ state }) => state))).toEqual(new Set(['clean']));
  });

  test('of another version flushes what is begun and what is done together', async () => {
    const folder = await movedBack(names);
    const changes = await changesOf(() => folder.checkout());
    // Folders twice, memory: its files, then their folder, before and after.
    expect(flushesIn(changes)).toBeLessThanOrEqual(6);
    expectFirst(folder, names);
    const again = await folder.checkout();
    expect(again).toMatchObject({ changed: [], unchanged: MANY });
  });

  test('writes nothing where nothing is to be done', async () => {
    const folder = await withFiles(names);
    await folder.status();
    const changes = await changesOf(() => folder.checkout());
    const written = changes.filter(({ call }) => call !== 'closeSync').flatMap(({ paths }) => paths);
    expect(written.filter((path) => /even|odd/.test(path))).toEqual([]);
    expect(flushesIn(changes)).toBe(0);
  });

  test('sees every edit of what it has just put there, large or small', async () => {
    const folder = await withFiles(['a', 'b', 'c']);
    for (const name of ['a', 'b']) folder.write(name, Buffer.alloc(1_048_576 + name.charCodeAt(0), name));
    await folder.commit();
    for (const name of ['a', 'b', 'c']) folder.remove(name);
    await folder.checkout();
    appendFileSync(folder.path('a'), 'edited');
    folder.write('c', 'BYTES of c');
    expect((await folder.status()).tracked.map(({ path, state }) => [path, state])).toEqual([
      ['a', 'modified'],
      ['b', 'clean'],
      ['c', 'modified'],
    ]);
  });

  test('refuses what a checkout of one refuses, and does the others', async () => {
    const folder = await withFiles([
      'gone',
      'edited',
      'folder',
      'lost',
      'run',
      'same',
      'linked',
      'dir/inside',
    ]);
    chmodSync(folder.path('run'), 0o755);
    await folder.commit('run');
    folder.remove('gone');
    folder.write('edited', 'somebody’s own');
    folder.remove('folder');
    folder.write('folder/file', 'in the place of a file');
    folder.remove('lost');
    folder.write('lost.ocr', folder.read('lost.ocr').replace(/id: .{8}/, 'id: 01234567'));
    folder.remove('run');
    folder.remove('linked');
    symlinkSync('same', folder.path('linked'));
    folder.write('broken.ocr', 'version: 1\nid: none\n');
    const { changed, unchanged, failure } = await checkout({ targets: [], force: false }, folder.call);
    expect(changed.map(({ path }) => path)).toEqual(['gone', 'run']);
    expect(unchanged).toBe(2);
    expect(failure?.message).toContain('5 paths could not be done');
    expect(statSync(folder.path('run')).mode & 0o100).toBe(0o100);
    expect(folder.read('edited')).toBe('somebody’s own');
    expect(folder.read('folder/file')).toBe('in the place of a file');
    const refused = async (path: string) =>
      folder.checkout([path]).catch((error: unknown) => (error as OcrpipeError).code);
    expect(await refused('edited')).toBe('would-undo-edits');
    expect(await refused('lost')).toBe('object-missing');
    await folder.checkout(['edited', 'gone'], true);
    expectFirst(folder, ['edited', 'gone']);
  });

  test('never replaces what is edited while the others get their names', async () => {
    const few = namesOf(6);
    const folder = await movedBack(few);
    const last = few.at(-1)!;
    const state = { edited: false };
    const edit = (): void => {
      if (state.edited || folder.read(few[0]!) !== `bytes of ${few[0]!}`) return;
      state.edited = true;
      folder.write(last, 'edited just now');
    };
    subscribe('ocrpipe:write-point', edit);
    const { failure } = await checkout({ targets: [], force: false }, folder.call).finally(() =>
      unsubscribe('ocrpipe:write-point', edit),
    );
    expect(state.edited).toBe(true);
    expect(failure?.code).toBe('would-undo-edits');
    expect(folder.read(last)).toBe('edited just now');
    expectFirst(folder, few.slice(0, -1));
  });

  test('given up half way, what is in place is remembered: an edit of it is an edit, and nothing is left beside', async () => {
    const folder = await movedBack(names);
    const aborting = new AbortController();
    const reason = new Error('stop');
    const stop = (): void => {
      // With the first name that is given.
      if (aborting.signal.aborted || folder.read(names[0]!) !== `bytes of ${names[0]!}`) return;
      aborting.abort(reason);
      // Work that takes no longer than this is not worth giving up.
      for (const began = performance.now(); performance.now() - began < 60;);
    };
    const call = { ...folder.call, signal: aborting.signal };
    subscribe('ocrpipe:write-point', stop);
    await expect(checkout({ targets: [], force: false }, call)).rejects.toBe(reason);
    unsubscribe('ocrpipe:write-point', stop);
    folder.write(names[0]!, 'edited after that');
    const { tracked } = await folder.status();
    expect(tracked.find(({ path }) => path === names[0])).toMatchObject({
      state: 'modified',
      cause: 'edited',
    });
    expect(new Set(tracked.map(({ cause }) => cause))).not.toContain('both');
    expect(readdirSync(folder.path('even')).filter((name) => name.startsWith('.ocrpipe'))).toEqual([]);
  });

  test('killed at any write, leaves each file old or new, nothing in sight of git, and is finished by the next', async () => {
    const few = namesOf(4);
    const folder = await movedBack(few, gitRepository());
    const crashes = await crashesOf(folder.root, () => folder.checkout(), twiceEach());
    expect(crashes.length).toBeGreaterThan(8);
    let half = 0;
    for (const { root } of crashes) {
      const killed = new WorkspaceFolder(root as AbsPath);
      await expectSound(killed);
      const { tracked } = await killed.status();
      expect(new Set(tracked.map(({ state, cause = state }) => cause))).not.toContain('edited');
      for (const name of few)
        expect([`bytes of ${name}`, `second bytes of ${name}`]).toContain(killed.read(name));
      const done = few.filter((name) => killed.read(name) === `bytes of ${name}`).length;
      if (done > 0 && done < few.length) half += 1;
      const seen = git(killed.root, 'ls-files', '--others', '--exclude-standard').split('\n');
      expect(seen.filter((file) => file.includes('tmp'))).toEqual([]);
      await killed.checkout();
      expectFirst(killed, few);
      expect(fileListing(killed.root).filter((name) => name.includes('.ocrpipe-tmp'))).toEqual([]);
      rmSync(root, { recursive: true });
    }
    expect(half).toBeGreaterThan(0);
  });

  test('makes the folders that are not there', async () => {
    const folder = await withFiles(['x/one', 'x/two']);
    const pointers = pointersOf(folder, ['x/one', 'x/two']);
    folder.remove('x');
    mkdirSync(folder.path('y'));
    for (const [name, text] of pointers) folder.write(name.replace('x/', 'y/') + '.ocr', text);
    await folder.checkout();
    expect(readdirSync(folder.path('y')).sort()).toEqual(['one', 'one.ocr', 'two', 'two.ocr']);
  });
});

describe('many single files', () => {
  test('are deleted with their pointers by a few flushes', async () => {
    const names = namesOf(MANY);
    const folder = await withFiles(names);
    const changes = await changesOf(() => folder.rm(names, { deleteFiles: true }));
    // Two ignore files and their folders, and the folders again.
    expect(flushesIn(changes)).toBeLessThanOrEqual(8);
    expect(readdirSync(folder.path('even')).filter((name) => name !== '.gitignore')).toEqual([]);
    expect((await folder.status()).tracked).toEqual([]);
  });

  test('that are deleted in part are named, and the rest stays tracked', async () => {
    const names = namesOf(4);
    const folder = await withFiles(names);
    folder.write(names[2]!, 'edited');
    await expect(folder.rm(names, { deleteFiles: true })).rejects.toMatchObject({ code: 'would-lose-bytes' });
    const { tracked } = await folder.status();
    expect(tracked.map(({ path, state }) => [path, state])).toEqual([
      [names[2], 'modified'],
      [names[3], 'clean'],
    ]);
  });
});
