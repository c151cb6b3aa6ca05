import { execFileSync } from 'node:child_process';
import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { byteName } from '../../../src/store/byte-name.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { idsOf, readFiles, statsOf } from '../../../src/tracking/scan/read-files.js';
import { ReadingThreads } from '../../../src/tracking/scan/reading-threads.js';
import type { Unread } from '../../../src/tracking/scan/scanned.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const NAMES = ['a', 'b', 'c', 'd'];

/** Files that hold their name, as they were seen. */
function folderOf(names: readonly string[]): { root: string; seen: Unread[] } {
  const root = temporaryFolder();
  const seen = names.map((name) => {
    writeFileSync(join(root, name), name);
    return { name: byteName(name), stat: lstatSync(join(root, name)) };
  });
  return { root, seen };
}

function read({ root, seen }: { root: string; seen: Unread[] }, keep = true) {
  const names = seen.map(({ name }) => name).join('/');
  return readFiles({ folder: bytePath(root), names, stats: statsOf(seen), keep });
}

describe('reading files that were seen', () => {
  test('gives the ids and, where they are wanted, the bytes', () => {
    const files = folderOf(['', 'one', 'more'].map((text) => `x${text}`));
    writeFileSync(join(files.root, 'xone'), '');
    files.seen[1]!.stat = lstatSync(join(files.root, 'xone'));
    const result = read(files);
    expect(idsOf(result)).toEqual(['x', '', 'xmore'].map(contentIdOf));
    expect(Buffer.from(result.bytes).subarray(0, 6).toString()).toBe('xxmore');
    expect(read(files, false).ids).toBe(result.ids);
  });

  test.each([
    ['grew', 'echo more >> b'],
    ['shrank', ': > b'],
    ['was written again', 'printf B > b; touch -d 2001-01-01 b'],
    ['is gone', 'rm b'],
    ['is a link', 'ln -sf a b'],
    ['is a FIFO', 'rm b; mkfifo b'],
  ])('gives no id to a file that %s since, and all others theirs', (_what, change) => {
    const files = folderOf(NAMES);
    execFileSync('sh', ['-c', change], { cwd: files.root });
    const result = read(files);
    expect(idsOf(result)).toEqual(NAMES.map((name) => (name === 'b' ? undefined : contentIdOf(name))));
    expect(Buffer.from(result.bytes).toString('latin1', 2, 4)).toBe('cd');
  });
});

describe('reading on threads', () => {
  test('gives thousands of files in their order, with the bytes of those that were what they were', async () => {
    const names = Array.from({ length: 3000 }, (_each, index) => `file ${index}`).sort();
    const { root, seen } = folderOf(names);
    rmSync(join(root, names[2000]!));
    const threads = new ReadingThreads(bytePath(root));
    const kept: string[] = [];
    const ids: unknown[] = [];
    const asked = { folder: bytePath(''), files: seen };
    for await (const some of threads.read(asked, (_id, bytes) => kept.push(Buffer.from(bytes).toString())))
      ids.push(...some);
    await threads.close();
    expect(ids).toEqual(names.map((name, index) => (index === 2000 ? undefined : contentIdOf(name))));
    expect(kept).toEqual(names.toSpliced(2000, 1));
  });
});
