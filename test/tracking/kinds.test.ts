import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { removeAbandonedIn } from '../../src/base/abandoned.js';
import type { RepoPath } from '../../src/base/paths.js';
import { byteName } from '../../src/store/byte-name.js';
import { buildTree } from '../../src/store/tree-builder.js';
import { TrackedFolder } from './tracked-folder.js';

const data = 'data' as RepoPath;
/** Bytes; with the zero behind it Linux counts 4,096. */
const LONGEST_PATH = 4095;

/** Folders in each other below `data`, made by going into each: their path may be longer than one that can be opened. */
function deepFolder(folder: TrackedFolder, depth: number, name: string): void {
  const home = process.cwd();
  mkdirSync(folder.path('data'));
  try {
    process.chdir(folder.path('data'));
    for (let level = 0; level < depth; level += 1) {
      mkdirSync(name);
      process.chdir(name);
    }
    writeFileSync('file', 'deep');
  } finally {
    process.chdir(home);
  }
}

/** Node itself takes seconds, or cannot. */
function removeDeep(folder: TrackedFolder): void {
  execFileSync('rm', ['-rf', folder.path('data')]);
}

describe('paths at the limit', () => {
  test('1,024 folders in each other come back, one more is refused before anything is stored', async () => {
    const folder = new TrackedFolder();
    deepFolder(folder, 1024, 'd');
    await folder.add('data');
    removeDeep(folder);
    await folder.checkout('data');
    expect(folder.read(`data/${'d/'.repeat(1024)}file`)).toBe('deep');
    expect(await folder.state('data')).toBe('clean');
    const deeper = new TrackedFolder();
    deepFolder(deeper, 1025, 'd');
    await expect(deeper.files().store(data)).rejects.toMatchObject({ code: 'folder-too-deep', exitCode: 2 });
    for (const each of [folder, deeper]) removeDeep(each);
  });

  test.runIf(process.platform === 'linux')(
    'the longest path that the system opens, 300 folders deep, comes back, is replaced and is placed by links',
    async () => {
      const folder = new TrackedFolder();
      const room = LONGEST_PATH - folder.path('data/').length - '/f'.length;
      const name = 'n'.repeat(Math.floor(room / 301) - 1);
      const last = 'l'.repeat(room - 300 * (name.length + 1));
      const file = `data/${`${name}/`.repeat(300)}${last}/f`;
      expect(folder.path(file)).toHaveLength(LONGEST_PATH);
      const large = Buffer.alloc(1_100_000, 'large');
      const versions = [];
      for (const content of ['first', 'second', large]) {
        folder.write(file, content);
        versions.push({ snapshot: await folder.add('data'), content });
      }
      for (const { snapshot, content } of [...versions, ...versions]) {
        await folder.files().checkout(data, snapshot);
        expect(readFileSync(folder.path(file)).equals(Buffer.from(content))).toBe(true);
      }
      for (const link of ['copy', 'hardlink', 'symlink'] as const) {
        for (const anew of [true, false]) {
          if (anew) removeDeep(folder);
          await folder.files().checkout(data, versions[2]!.snapshot, { links: [link] });
          expect(readFileSync(folder.path(file)).equals(large)).toBe(true);
          expect(await folder.state('data')).toBe('clean');
        }
      }
      expect(folder.names('.').filter((each) => each.includes('.ocrpipe-tmp-'))).toEqual([]);
    },
  );

  test.runIf(process.platform === 'linux')('what a killed checkout left goes, however deep it is', () => {
    const folder = new TrackedFolder();
    const left = '.ocrpipe-tmp-2zqpk-00000000abcd-x';
    deepFolder(folder, 18, 'n'.repeat(225));
    renameSync(folder.path('data'), folder.path(left));
    utimesSync(folder.path(left), 1, 1);
    removeAbandonedIn(folder.root);
    expect(folder.has(left)).toBe(false);
  });

  test('a path that is longer than the system opens is refused by name', async () => {
    const folder = new TrackedFolder();
    deepFolder(folder, 18, 'n'.repeat(250));
    await expect(folder.files().store(data)).rejects.toMatchObject({ code: 'path-too-long', exitCode: 2 });
    removeDeep(folder);
  });

  test('a stored name that is longer than the file system takes is refused by name, and nothing is left of it', async () => {
    const folder = new TrackedFolder();
    const writer = folder.store.writer();
    const id = writer.putBlob(Buffer.from('x'));
    const entry = { kind: 'file', name: byteName('n'.repeat(256)), executable: false, size: 1, id } as const;
    const tree = buildTree([entry], (node) => writer.putTree(node, 'tree'));
    writer.finish();
    const snapshot = { id: tree.id, kind: 'directory', size: 1, files: 1 } as const;
    await expect(folder.files().checkout(data, snapshot)).rejects.toMatchObject({ code: 'path-too-long' });
    expect(folder.names('.').filter((name) => !name.startsWith('.ocrstore'))).toEqual([]);
  });

  test('a file whose pointer would have too long a name is refused by name', async () => {
    const folder = new TrackedFolder();
    for (const [length, outcome] of [
      [251, 'file'],
      [252, 'path-too-long'],
    ] as const) {
      const name = 'n'.repeat(length);
      folder.write(name, 'x');
      const added = folder.add(name);
      if (outcome === 'file') expect((await added).kind).toBe(outcome);
      else await expect(added).rejects.toMatchObject({ code: outcome, exitCode: 2 });
    }
  });
});

describe('looking for pointers', () => {
  test('goes past folders whose names are not UTF-8, however long', async () => {
    const folder = new TrackedFolder();
    for (const byte of [0x80, 0xff]) {
      const name = Buffer.concat([Buffer.from(`${folder.root}/`), Buffer.alloc(255, byte)]);
      mkdirSync(name);
      writeFileSync(Buffer.concat([name, Buffer.from('/a')]), 'a');
    }
    folder.write('\uFFFD/data', 'a name that says itself that it is none');
    await folder.add('\uFFFD/data');
    expect(folder.files().trackedPaths()).toEqual(['\uFFFD/data']);
  });
});
