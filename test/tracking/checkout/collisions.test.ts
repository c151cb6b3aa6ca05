import fs, { existsSync, readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { byteNameOfText } from '../../../src/store/byte-name.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import type { NodeSink } from '../../../src/store/tree-builder.js';
import type { TreeEntry } from '../../../src/store/tree-format.js';
import { systemError, watchChanges } from '../../rig/watched-files.js';
import { TrackedFolder } from '../tracked-folder.js';

/** What makes a name of its own. */
const MAKES = new Set(['openSync', 'mkdirSync', 'symlinkSync']);

const folded = (name: string): string => name.normalize('NFC').toLowerCase();

/** As on a file system that takes names for one that differ in case or in how an accent is written: macOS, Windows, FAT. */
function foldNames(): void {
  const stop = watchChanges((change) => {
    const bytes = change.call === 'symlinkSync' ? change.paths[1] : change.paths[0];
    if (!MAKES.has(change.call) || bytes === undefined) return;
    const path = Buffer.from(bytes, 'latin1').toString();
    if (!existsSync(dirname(path))) return;
    const same = (name: string): boolean =>
      folded(name) === folded(basename(path)) && name !== basename(path);
    if (readdirSync(dirname(path)).some(same)) throw systemError('EEXIST', change);
  });
  onTestFinished(stop);
}

/** And a look at one of them finds the other. */
function foldLooks(): void {
  const calls = fs as { lstatSync: unknown };
  const real = fs.lstatSync;
  const standing = (path: string): string => {
    const names = existsSync(dirname(path)) ? readdirSync(dirname(path)) : [];
    const name = names.find((each) => folded(each) === folded(basename(path)));
    return name === undefined ? path : join(dirname(path), name);
  };
  const look = (path: fs.PathLike, options?: fs.StatSyncOptions) =>
    real(typeof path === 'string' ? standing(path) : path, options);
  calls.lstatSync = look;
  syncBuiltinESMExports();
  onTestFinished(() => {
    calls.lstatSync = real;
    syncBuiltinESMExports();
  });
}

/** What a tree of another system may hold beside each other. */
const PAIRS: Record<string, (put: Parts) => TreeEntry[]> = {
  'two files': ({ file }) => [file('README'), file('readme')],
  'a file and a folder': ({ file, folder }) => [file('Data'), folder('data')],
  'two folders': ({ folder }) => [folder('Data'), folder('data')],
  'a link and a folder that would lead through it': ({ link, folder }) => [link('Data', 'z'), folder('data')],
  'two ways to write an accent': ({ file }) => [file('e\u0301'), file('\u00e9')],
};

interface Parts {
  file: (name: string) => TreeEntry;
  folder: (name: string) => TreeEntry;
  link: (name: string, target: string) => TreeEntry;
}

function store(folder: TrackedFolder, pair: (put: Parts) => TreeEntry[]) {
  const writer = folder.store.writer();
  const put: NodeSink = (node) => writer.putTree(node, 'tree');
  const file = (name: string): TreeEntry => {
    const id = writer.putBlob(Buffer.from(name));
    return { kind: 'file', name: byteNameOfText(name), executable: false, size: Buffer.byteLength(name), id };
  };
  const entries = pair({
    file,
    folder: (name) => ({
      kind: 'directory',
      name: byteNameOfText(name),
      ...buildTree([file('inside')], put),
    }),
    link: (name, target) => ({ kind: 'symlink', name: byteNameOfText(name), target }),
  });
  const { id, files, bytes } = buildTree(entries, put);
  writer.finish();
  return { id, kind: 'directory', files, size: bytes } as const;
}

describe('names that a file system takes for one', () => {
  test.each(Object.entries(PAIRS))('are refused by name: %s', async (_what, pair) => {
    const folder = new TrackedFolder();
    const snapshot = store(folder, pair);
    folder.write('before/a', 'a');
    foldNames();
    const checkout = folder.files().checkout('data' as RepoPath, snapshot);
    await expect(checkout).rejects.toMatchObject({
      code: 'name-collision',
      message: expect.stringMatching(/(README|readme|[dD]ata|e\u0301|\u00e9) cannot be written/) as string,
    });
    expect(folder.names('.').filter((name) => !name.startsWith('.ocrstore'))).toEqual(['before', 'before/a']);
  });

  test.each([
    ['a file beside a file', ({ file }: Parts) => file('A')],
    ['a folder beside a file', ({ folder }: Parts) => folder('A')],
    ['a link beside a file', ({ link }: Parts) => link('A', 'b')],
  ])('are refused where one stands there already, which stays: %s', async (_what, other) => {
    const folder = new TrackedFolder();
    const before = store(folder, ({ file }) => [file('a'), file('b')]);
    await folder.files().checkout('data' as RepoPath, before);
    const after = store(folder, (put) => [other(put), put.file('a'), put.file('b')]);
    foldNames();
    foldLooks();
    const checkout = folder.files().checkout('data' as RepoPath, after);
    await expect(checkout).rejects.toMatchObject({ code: 'name-collision' });
    expect([folder.names('data'), folder.read('data/a')]).toEqual([['a', 'b'], 'a']);
  });

  test('give way to each other where only one is wanted', async () => {
    const folder = new TrackedFolder();
    await folder.files().checkout(
      'data' as RepoPath,
      store(folder, ({ file }) => [file('a')]),
    );
    foldNames();
    foldLooks();
    await folder.files().checkout(
      'data' as RepoPath,
      store(folder, ({ file }) => [file('A')]),
    );
    expect([folder.names('data'), folder.read('data/A')]).toEqual([['A'], 'A']);
  });

  test('are two where the file system tells them apart', async () => {
    const folder = new TrackedFolder();
    const snapshot = store(folder, ({ file }) => [file('README'), file('readme')]);
    await folder.files().checkout('data' as RepoPath, snapshot);
    expect(folder.names('data')).toEqual(['README', 'readme']);
  });
});
