import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { chooseStore } from '../../src/actions/choose-store.js';
import { configChange } from '../../src/actions/config-change.js';
import { absPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { registeredWorkspaces } from '../../src/store/registered-workspaces.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const LARGE = Buffer.alloc(1_100_000, 'large ');

/** Two workspaces beside a store that both use. */
function twoWorkspaces() {
  const folder = temporaryFolder();
  const store = join(folder, 'store');
  LocalStore.create(store).close();
  const [a, b] = ['a', 'b'].map((name) => {
    mkdirSync(join(folder, name));
    const workspace = new WorkspaceFolder(absPath(join(folder, name)));
    workspace.init();
    workspace.write('.ocrstore/config.local.yaml', 'store: {path: ../store}\n');
    return workspace;
  });
  return { a: a!, b: b!, store };
}

/** The files of a store that hold blobs, large ones first. */
function filesOf(store: string): string[] {
  const opened = LocalStore.open(store);
  const ofBlobs = opened.packs().filter((table) => [...table.entries()].some(({ kind }) => kind === 'blob'));
  const large = [...opened.looseObjects()].map(({ file }) => file);
  return [...large, ...ofBlobs.map(({ packId }) => opened.packFile(packId))];
}

/** One bit is another, and no time tells of it; twice, it is what it was. */
function decay(file: string): void {
  const { mtimeMs } = statSync(file);
  chmodSync(file, 0o644);
  const bytes = readFileSync(file);
  bytes[34]! ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
  chmodSync(file, 0o444);
}

test('what one workspace stored, the other checks out, and both are known to the store', async () => {
  const { a, b, store } = twoWorkspaces();
  a.write('data/x.txt', 'the same');
  await a.add('data');
  b.write('data.ocr', a.read('data.ocr'));
  await b.checkout();
  expect(b.read('data/x.txt')).toBe('the same');
  expect(readdirSync(join(b.path('.ocrstore'), 'packs'))).toEqual([]);
  const { workspaces } = registeredWorkspaces(store);
  expect(workspaces.map(({ root }) => root).sort()).toEqual([a.root, b.root]);
});

test('a shared store that is not mounted is named, and nothing is made in its place', async () => {
  const { a, store } = twoWorkspaces();
  a.write('data/x.txt', 'x');
  renameSync(store, `${store}-away`);
  await expect(a.add('data')).rejects.toMatchObject({ code: 'store-not-there', exitCode: 2 });
  mkdirSync(store);
  await expect(a.add('data')).rejects.toMatchObject({ code: 'store-not-there' });
  expect(readdirSync(store)).toEqual([]);
  expect(readdirSync(a.root)).not.toContain('data.ocr');
});

test('a shared store that goes away while a command runs is named, and nothing is made in its place', () => {
  const { store } = twoWorkspaces();
  const opened = LocalStore.open(store);
  renameSync(store, `${store}-away`);
  mkdirSync(store);
  const writer = opened.writer();
  expect(() => writer.putBlob(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'store-gone' }));
  writer.abort();
  expect(readdirSync(store)).toEqual([]);
});

describe('choosing another store for a workspace', () => {
  test('is refused where that lacks what this one has, until it is moved there', async () => {
    const { a, store } = twoWorkspaces();
    a.remove('.ocrstore/config.local.yaml');
    a.write('data/x.txt', 'x');
    a.write('data/large', LARGE);
    await a.add('data');
    const choose = (move: boolean) => chooseStore({ path: '../store', shared: false, move }, a.call);
    await expect(choose(false)).rejects.toMatchObject({ code: 'store-lacks-objects', exitCode: 2 });
    await expect(
      configChange({ name: 'store.path', value: '../store', scope: 'local' }, a.call),
    ).rejects.toMatchObject({ code: 'store-lacks-objects' });
    expect(await choose(true)).toMatchObject({ begun: false, moved: { objects: 3, runs: 0 } });
    expect(readdirSync(a.path('.ocrstore/packs'))).toEqual([]);
    expect(LocalStore.open(store).packs()).toHaveLength(2);
    a.remove('data');
    await a.checkout();
    expect(a.read('data/x.txt')).toBe('x');
    expect(a.read('data/large')).toBe(LARGE.toString());
    expect(await choose(true)).toMatchObject({ begun: false, moved: { objects: 0 } });
  });

  test('drops nothing of which that has only a copy that the disk damaged, and says which file of its own is damaged', async () => {
    const { a, b, store } = twoWorkspaces();
    for (const each of [a, b]) each.write('data/large', LARGE);
    for (const each of [a, b]) each.write('data/x.txt', 'small');
    a.remove('.ocrstore/config.local.yaml');
    await a.add('data');
    await b.add('data');
    for (const file of filesOf(store)) decay(file);
    const choose = () => chooseStore({ path: '../store', shared: false, move: true }, a.call);
    const [own] = filesOf(a.path('.ocrstore'));
    decay(own!);
    await expect(choose()).rejects.toMatchObject({
      code: 'object-damaged',
      message: expect.stringContaining(own!) as string,
    });
    decay(own!);
    await choose();
    a.remove('data');
    await a.checkout();
    expect(a.read('data/large')).toBe(LARGE.toString());
    expect(a.read('data/x.txt')).toBe('small');
  });

  test('leaves links to the former one for a checkout to put right', async () => {
    const { a } = twoWorkspaces();
    a.remove('.ocrstore/config.local.yaml');
    a.write('data/large', LARGE);
    await a.add('data');
    await checkout({ targets: [], force: false, links: ['symlink'] }, a.call);
    await chooseStore({ path: '../store', shared: false, move: true }, a.call);
    expect(await a.state('data')).toBe('modified');
    await a.checkout();
    expect(a.read('data/large')).toBe(LARGE.toString());
    expect(await a.state('data')).toBe('clean');
  });

  test('is possible where the former one is no longer there', async () => {
    const { a, store } = twoWorkspaces();
    renameSync(store, `${store}-away`);
    const chosen = await chooseStore({ path: '../store-away', shared: false, move: false }, a.call);
    expect(chosen.begun).toBe(false);
    a.write('data/x.txt', 'x');
    await a.add('data');
    expect(a.read('.ocrstore/config.local.yaml')).toContain('../store-away');
  });

  test('begins none where this workspace had its store, which must be somewhere', async () => {
    const { a, store } = twoWorkspaces();
    renameSync(store, `${store}-away`);
    const choose = chooseStore({ path: '../store', shared: false, move: false }, a.call);
    await expect(choose).rejects.toMatchObject({ code: 'store-not-there', exitCode: 2 });
    expect(readdirSync(join(a.root, '..')).sort()).toEqual(['a', 'b', 'store-away']);
  });

  test('makes no path that is missing but for its last part', async () => {
    const { a } = twoWorkspaces();
    const choose = chooseStore({ path: '../mnt/disk/store', shared: false, move: false }, a.call);
    await expect(choose).rejects.toMatchObject({ code: 'store-not-there' });
    expect(readdirSync(join(a.root, '..')).sort()).toEqual(['a', 'b', 'store']);
  });
});

test('a workspace whose own store another one uses is known there too', async () => {
  const { a, b } = twoWorkspaces();
  b.remove('.ocrstore/config.local.yaml');
  a.write('.ocrstore/config.local.yaml', 'store: {path: ../b/.ocrstore}\n');
  a.write('data/x.txt', 'x');
  await a.add('data');
  const { workspaces } = registeredWorkspaces(b.path('.ocrstore'));
  expect(workspaces.map(({ root }) => root).sort()).toEqual([a.root, b.root]);
});
