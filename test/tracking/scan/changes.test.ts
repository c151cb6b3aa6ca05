import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { realFileTimes, type FileTimes } from '../../../src/tracking/scan/file-times.js';
import { scanPath } from '../../../src/tracking/scan/snapshot.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { countingSink } from './counting-sink.js';
import { noLinks } from './no-links.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;
/** Times count as settled at once: what is tested is not their age. */
const settled: FileTimes = {
  view: (stat) => stat,
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

/** A clock that steps every two seconds: every stat shows the time of the last step. */
function coarseClock(now: () => number): FileTimes {
  const step = (time: number) => Math.floor(time / 2000) * 2000;
  return {
    view: (stat) => {
      const shown = Object.create(Object.getPrototypeOf(stat) as object) as Stats;
      return Object.assign(shown, stat, { mtimeMs: step(stat.mtimeMs), ctimeMs: 0 });
    },
    settledBefore: () => step(now()) - 50,
    showsNames: () => true,
  };
}

/** Scans, counting which files were read. */
async function scan(root: ReturnType<typeof temporaryFolder>, times: FileTimes) {
  const { sink, read } = countingSink();
  const index = new StatIndex(join(root, '.ocrstore/index/stat'));
  const snapshot = await scanPath({ root, index, times, storeLinks: noLinks(root) }, data, sink);
  return { id: snapshot?.id, read };
}

function folderWith(files: Record<string, string>) {
  const root = temporaryFolder();
  mkdirSync(join(root, '.ocrstore'));
  mkdirSync(join(root, 'data'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'data', name), text);
  return root;
}

describe('what a scan reads', () => {
  test('an unchanged folder is read once, and one changed file costs one file', async () => {
    const root = folderWith({ a: 'a', b: 'b', c: 'c' });
    expect((await scan(root, settled)).read).toEqual(['a', 'b', 'c']);
    expect((await scan(root, settled)).read).toEqual([]);
    writeFileSync(join(root, 'data/b'), 'changed');
    expect((await scan(root, settled)).read).toEqual(['changed']);
  });

  test('an edit that keeps size and mtime is noticed by its ctime', async () => {
    const root = folderWith({ a: 'old' });
    const { id } = await scan(root, settled);
    const { atime, mtime } = statSync(join(root, 'data/a'));
    writeFileSync(join(root, 'data/a'), 'new');
    utimesSync(join(root, 'data/a'), atime, mtime);
    expect((await scan(root, settled)).id).not.toBe(id);
  });

  test('another file of the same size and times is noticed by its inode', async () => {
    const root = folderWith({ a: 'old' });
    const times = coarseClock(() => Date.now() + 60_000);
    const { id } = await scan(root, times);
    writeFileSync(join(root, 'data-a'), 'new');
    const { mtime } = statSync(join(root, 'data/a'));
    utimesSync(join(root, 'data-a'), mtime, mtime);
    renameSync(join(root, 'data-a'), join(root, 'data/a'));
    expect((await scan(root, times)).id).not.toBe(id);
  });

  test('a touched file is read once more and has the same id', async () => {
    const root = folderWith({ a: 'a' });
    const { id } = await scan(root, settled);
    utimesSync(join(root, 'data/a'), 1, 1);
    expect(await scan(root, settled)).toEqual({ id, read: ['a'] });
    expect(await scan(root, settled)).toEqual({ id, read: [] });
  });

  test('a write within the same step of a coarse clock is not missed', async () => {
    const root = folderWith({ a: 'one' });
    const file = join(root, 'data/a');
    const born = Math.ceil(statSync(file).mtimeMs / 2000) * 2000;
    const clock = { now: born + 100 };
    const times = coarseClock(() => clock.now);
    utimesSync(file, (born + 100) / 1000, (born + 100) / 1000);
    const first = await scan(root, times);
    // The same inode and size, and a time that the clock cannot tell from the first.
    writeFileSync(file, 'two');
    utimesSync(file, (born + 900) / 1000, (born + 900) / 1000);
    clock.now = born + 1000;
    const second = await scan(root, times);
    expect(second.id).not.toBe(first.id);
    clock.now = born + 5000;
    expect((await scan(root, times)).read).toEqual(['two']);
    expect((await scan(root, times)).read).toEqual([]);
  });

  test('the rule is what finds it: without it the write is missed', async () => {
    const root = folderWith({ a: 'one' });
    const file = join(root, 'data/a');
    const born = Math.ceil(statSync(file).mtimeMs / 2000) * 2000;
    const times = { ...coarseClock(() => 0), settledBefore: () => Number.POSITIVE_INFINITY };
    utimesSync(file, (born + 100) / 1000, (born + 100) / 1000);
    const first = await scan(root, times);
    writeFileSync(file, 'two');
    utimesSync(file, (born + 900) / 1000, (born + 900) / 1000);
    expect((await scan(root, times)).id).toBe(first.id);
  });

  test('a file as young as the scan is read again, on the real clock too', async () => {
    const root = folderWith({ a: 'a' });
    expect((await scan(root, realFileTimes)).read).toEqual(['a']);
    expect((await scan(root, realFileTimes)).read).toEqual(['a']);
    utimesSync(join(root, 'data/a'), 1, 1);
    const born = statSync(join(root, 'data/a')).ctimeMs;
    const later = { ...realFileTimes, settledBefore: () => born + 60_000 };
    await scan(root, later);
    expect((await scan(root, realFileTimes)).read).toEqual([]);
  });

  test('every damage to the index only costs time', async () => {
    const root = folderWith({ a: 'a', b: 'b' });
    const { id } = await scan(root, settled);
    const index = join(root, '.ocrstore/index/stat');
    const whole = readFileSync(index);
    for (let byte = 0; byte < whole.length; byte += 1) {
      const damaged = Buffer.from(whole);
      damaged[byte]! ^= 1 << (byte % 8);
      writeFileSync(index, damaged);
      expect(await scan(root, settled)).toEqual({ id, read: ['a', 'b'] });
    }
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(index, whole.subarray(0, length));
      expect((await scan(root, settled)).id).toBe(id);
    }
  });

  test('an index that cannot be written is done without', async () => {
    const root = folderWith({ a: 'a' });
    mkdirSync(join(root, '.ocrstore/index/stat'), { recursive: true });
    expect((await scan(root, settled)).id).toBeDefined();
  });

  test('the memory of folders that are gone is dropped', async () => {
    const root = folderWith({});
    mkdirSync(join(root, 'data/old'));
    writeFileSync(join(root, 'data/old/a'), 'a');
    writeFileSync(join(root, 'data/b'), 'b');
    await scan(root, settled);
    renameSync(join(root, 'data/old'), join(root, 'data/new'));
    await scan(root, settled);
    const index = readFileSync(join(root, '.ocrstore/index/stat'), 'latin1');
    expect(index).toContain('data/new');
    expect(index).not.toContain('data/old');
  });
});

describe('a file that is edited while it is hashed', () => {
  test('gets the id of the bytes that were stored', async () => {
    const folder = new TrackedFolder();
    // Enough bytes that a writer in another process meets the reader in the middle.
    for (let file = 0; file < 8; file += 1) folder.write(`data/${file}`, Buffer.alloc(900_000, file));
    const writer = `
      const { writeFileSync, openSync, writeSync } = require('node:fs');
      const files = Array.from({ length: 8 }, (_, i) => openSync(process.argv[1] + '/' + i, 'r+'));
      const end = Date.now() + 700;
      for (let n = 1; Date.now() < end; n += 1) writeSync(files[n % 8], Buffer.alloc(900_000, n % 251));
    `;
    const child = spawn(process.execPath, ['-e', writer, folder.path('data')]);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const outcomes: string[] = [];
    while (child.exitCode === null && child.signalCode === null) {
      try {
        const snapshot = await folder.files().store(data);
        expect(folder.files().inStore(snapshot!)).toBe(true);
        outcomes.push('stored');
      } catch (error) {
        expect(error).toMatchObject({ code: 'file-keeps-changing' });
        outcomes.push('refused');
      }
    }
    await ended;
    expect(outcomes.length).toBeGreaterThan(0);
    // Whatever was stored while it went on: every object is what its name says, and what is there now is told exactly.
    const last = await folder.add('data');
    const now = folder.names('data').map((name) => contentIdOf(readFileSync(folder.path(`data/${name}`))));
    expect(now.every((id) => folder.files().inStore({ id, kind: 'file', size: 0 }))).toBe(true);
    folder.remove('data');
    await folder.checkout('data');
    expect(
      folder.names('data').map((name) => contentIdOf(readFileSync(folder.path(`data/${name}`)))),
    ).toEqual(now);
    expect(last.files).toBe(8);
  });
});

describe('kinds of files', () => {
  test('a round trip keeps names, bytes, executable bits, links and empty folders', async () => {
    const folder = new TrackedFolder();
    const odd = [
      'a b',
      "q'uote",
      'q"uote',
      'back\\slash',
      'new\nline',
      '-dash',
      '\u00e9',
      'e\u0301',
      ' ',
      '~',
      '$x',
      '日本',
    ];
    for (const name of odd) folder.write(`data/${name}`, name);
    for (const bytes of [[0xff, 0xfe], [0x66, 0x80], [0xc3]]) {
      const name = Buffer.concat([Buffer.from(folder.path('data/')), Buffer.from(bytes)]);
      writeFileSync(name, Buffer.from(bytes));
    }
    folder.write('data/empty file', '');
    folder.write('data/large', Buffer.alloc(2_500_000, 'x'));
    folder.write('data/run.sh', '#!/bin/sh\n');
    chmodSync(folder.path('data/run.sh'), 0o755);
    mkdirSync(folder.path('data/empty/nested'), { recursive: true });
    symlinkSync('a b', folder.path('data/link'));
    symlinkSync('../large', folder.path('data/empty/up'));
    symlinkSync('nowhere', folder.path('data/dangling'));
    symlinkSync('../..', folder.path('data/empty/nested/around'));
    const before = listing(folder.path('data'));
    const first = await folder.add('data');
    folder.remove('data');
    expect(await folder.state('data')).toBe('missing');
    await folder.checkout('data');
    expect(listing(folder.path('data'))).toEqual(before);
    expect(await folder.state('data')).toBe('clean');
    expect((await folder.add('data')).id).toBe(first.id);
  });

  test('a path 300 folders deep is kept', async () => {
    const folder = new TrackedFolder();
    const deep = `data/${Array.from({ length: 300 }, () => 'dddddddd').join('/')}`;
    folder.write(`${deep}/file`, 'deep');
    await folder.add('data');
    folder.remove('data');
    await folder.checkout('data');
    expect(folder.read(`${deep}/file`)).toBe('deep');
  });

  test.each([
    ['/etc/hostname', 'absolute'],
    ['../../outside', 'outside'],
    ['sub/../../..', 'outside'],
    ['a/../a', 'behind a name'],
  ])('a link to %s is refused by name', async (target, reason) => {
    const folder = new TrackedFolder();
    folder.write('data/sub/a', 'a');
    symlinkSync(target, folder.path('data/sub/link'));
    const stored = folder.files().store(data);
    await expect(stored).rejects.toMatchObject({ code: 'link-outside', exitCode: 2 });
    await expect(stored).rejects.toThrow(new RegExp(`data/sub/link.*${reason}`));
  });

  test('links that lead outside together are refused', async () => {
    const folder = new TrackedFolder();
    mkdirSync(folder.path('data/a/b/c/e'), { recursive: true });
    symlinkSync('../../../..', folder.path('data/a/b/c/e/l'));
    symlinkSync('a/b/c/e/l/../../../../etc', folder.path('data/esc'));
    await expect(folder.files().store(data)).rejects.toMatchObject({ code: 'link-outside', exitCode: 2 });
  });

  test('FIFOs and sockets are refused at once', async () => {
    const folder = new TrackedFolder();
    folder.write('data/a', 'a');
    execFileSync('mkfifo', [folder.path('data/pipe')]);
    await expect(folder.files().store(data)).rejects.toMatchObject({ code: 'not-trackable', exitCode: 2 });
    await expect(folder.files().store('data/pipe' as RepoPath)).rejects.toMatchObject({
      code: 'not-trackable',
    });
    folder.remove('data/pipe');
    const server = createServer().listen(folder.path('data/socket'));
    await once(server, 'listening');
    for (const path of [data, 'data/socket' as RepoPath])
      await expect(folder.files().store(path)).rejects.toThrow(/data\/socket is a socket/);
    server.close();
    await once(server, 'close');
  });

  test('a single file keeps its executable bit, and losing it is a change', async () => {
    const folder = new TrackedFolder();
    folder.write('tool', '#!/bin/sh\n');
    chmodSync(folder.path('tool'), 0o755);
    expect(await folder.add('tool')).toMatchObject({ kind: 'file', executable: true });
    expect(readFileSync(folder.path('tool.ocr'), 'utf8')).toContain('executable: true');
    chmodSync(folder.path('tool'), 0o644);
    expect(await folder.state('tool')).toBe('modified');
    await folder.checkout('tool');
    expect(statSync(folder.path('tool')).mode & 0o111).not.toBe(0);
  });

  test('what is tracked is not reached through links', async () => {
    const folder = new TrackedFolder();
    folder.write('real/a', 'a');
    symlinkSync('real', folder.path('link'));
    await expect(folder.files().store('link' as RepoPath)).rejects.toMatchObject({
      code: 'path-through-link',
    });
    await expect(folder.files().store('link/a' as RepoPath)).rejects.toMatchObject({
      code: 'path-through-link',
    });
    // A dependency is only read: it may lie behind a link, but not outside of the workspace.
    const real = await folder.files().snapshot('real' as RepoPath);
    expect((await folder.files().snapshot('link' as RepoPath))?.id).toBe(real?.id);
    symlinkSync('/etc', folder.path('out'));
    await expect(folder.files().snapshot('out' as RepoPath)).rejects.toMatchObject({ exitCode: 2 });
  });
});
