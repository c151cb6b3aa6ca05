import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { byteName } from '../../../src/store/byte-name.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { filesRead, readFiles } from '../../../src/tracking/scan/read-files.js';
import { ReadRoom } from '../../../src/tracking/scan/read-room.js';
import { ReadingThreads } from '../../../src/tracking/scan/reading-threads.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const NAMES = ['a', 'b', 'c', 'd'];
/** All that exists counts as old enough to be trusted, or nothing does. */
const SETTLED = Number.POSITIVE_INFINITY;
const UNSETTLED = Number.NEGATIVE_INFINITY;
const KIB = 1024;

function folderOf(files: Record<string, string | Buffer>): string {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  return root;
}

/** A folder of files that hold their name. */
function folderOfNames(names: readonly string[]): string {
  return folderOf(Object.fromEntries(names.map((name) => [name, name])));
}

function read(root: string, names: readonly string[], { keep = true, settledBefore = SETTLED } = {}) {
  const room = new ReadRoom();
  const ids = readFiles({ folder: bytePath(root), names: names.join('/'), settledBefore, keep }, room);
  return { files: filesRead(ids, room), bytes: room.bytes };
}

describe('reading files', () => {
  test.each([SETTLED, UNSETTLED])(
    'gives ids and stats and, where they are wanted, the bytes: settled before %d',
    (settledBefore) => {
      const contents = {
        a: 'x',
        b: '',
        c: Buffer.alloc(70 * KIB, 'c'),
        d: Buffer.alloc(1024 * KIB - 1, 'd'),
      };
      const root = folderOf(contents);
      const { files, bytes } = read(root, NAMES, { settledBefore });
      expect(files.map((file) => file?.id)).toEqual(Object.values(contents).map(contentIdOf));
      for (const [index, name] of NAMES.entries()) {
        const { size, mtimeMs, ctimeMs, ino, mode } = statSync(join(root, name));
        expect(files[index]).toMatchObject({ size, mtimeMs, ctimeMs, ino, mode });
      }
      const all = Buffer.concat(Object.values(contents).map((content) => Buffer.from(content)));
      expect(bytes.subarray(0, all.length).equals(all)).toBe(true);
      expect(read(root, NAMES, { keep: false, settledBefore }).files).toEqual(files);
    },
  );

  test.each([
    ['is gone', 'rm b'],
    ['is a link', 'ln -sf a b'],
    ['is a FIFO', 'rm b; mkfifo b'],
    ['is a folder', 'rm b; mkdir b'],
    ['has 1 MiB', 'truncate -s 1M b'],
    ['has gigabytes', 'truncate -s 5G b'],
  ])('gives no id to what %s, and all others theirs', (_what, change) => {
    const root = folderOfNames(NAMES);
    execFileSync('sh', ['-c', change], { cwd: root });
    const { files, bytes } = read(root, NAMES);
    const ids = NAMES.map((name) => (name === 'b' ? undefined : contentIdOf(name)));
    expect(files.map((file) => file?.id)).toEqual(ids);
    expect(bytes.toString('latin1', 0, 3)).toBe('acd');
  });

  test('stops where the room ends', () => {
    const root = folderOf(Object.fromEntries(NAMES.map((name) => [name, Buffer.alloc(900 * KIB, name)])));
    expect(read(root, NAMES).files).toHaveLength(2);
    expect(read(root, NAMES, { keep: false }).files).toHaveLength(4);
  });
});

describe('reading on threads', () => {
  /** What the threads give for `names`, in turn, and the bytes that they hand on. */
  async function readAll(root: string, folder: string, names: readonly string[]) {
    const threads = new ReadingThreads(bytePath(root));
    const kept: string[] = [];
    const ids: unknown[] = [];
    const wanted = { folder: bytePath(folder), names: names.map(byteName), settledBefore: SETTLED };
    const keep = (files: readonly { size: number }[], bytes: Uint8Array) => {
      let at = 0;
      for (const { size } of files) kept.push(Buffer.from(bytes.subarray(at, (at += size))).toString());
    };
    for await (const some of threads.read(wanted, keep)) ids.push(...some.map((file) => file?.id));
    await threads.close();
    return { ids, kept };
  }

  test('gives thousands of files in their order, with the bytes of those that could be read', async () => {
    const names = Array.from({ length: 3000 }, (_each, index) => `file ${index}`).sort();
    const root = folderOfNames(names);
    rmSync(join(root, names[2000]!));
    const { ids, kept } = await readAll(root, '', names);
    expect(ids).toEqual(names.map((name, index) => (index === 2000 ? undefined : contentIdOf(name))));
    expect(kept).toEqual(names.toSpliced(2000, 1));
  });

  test('gives files of all sizes in their order, though few of them fit into a room', async () => {
    const names = Array.from({ length: 1400 }, (_each, index) => `file ${index}`).sort();
    const contents = names.map((name, index) => name.repeat(index % 100 === 99 ? 90_000 : index % 7));
    const root = temporaryFolder();
    mkdirSync(join(root, 'sub'));
    for (const [index, name] of names.entries()) writeFileSync(join(root, 'sub', name), contents[index]!);
    const { ids, kept } = await readAll(root, 'sub', names);
    expect(ids).toEqual(contents.map(contentIdOf));
    expect(kept).toEqual(contents);
  });
});
