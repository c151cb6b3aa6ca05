import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRegularFile } from '../../src/base/regular-file.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

describe('readRegularFile', () => {
  test('reads a file, through a link too, and says what the system says of a missing one', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'a'), 'text');
    symlinkSync('a', join(root, 'link'));
    expect(readRegularFile(join(root, 'link')).toString()).toBe('text');
    expect(() => readRegularFile(join(root, 'none'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('waits for no FIFO, reads no device, and names a folder', () => {
    const root = temporaryFolder();
    execFileSync('mkfifo', [join(root, 'pipe')]);
    mkdirSync(join(root, 'folder'));
    for (const path of [join(root, 'pipe'), '/dev/zero', join(root, 'folder')]) {
      expect(() => readRegularFile(path)).toThrow(
        expect.objectContaining({ code: 'not-a-file', exitCode: 2 }),
      );
    }
  });

  test('writes a name that is not UTF-8 with escapes, not with characters that stand for anything', () => {
    const pipe = Buffer.concat([Buffer.from(`${temporaryFolder()}/`), Buffer.from([0xff])]);
    execFileSync('sh', ['-c', String.raw`mkfifo "$(printf '%s/\377' "$1")"`, 'sh', dirname(pipe.toString())]);
    expect(() => readRegularFile(pipe)).toThrow(String.raw`/\xff is not a regular file`);
  });

  test('refuses a file that is longer than allowed before it reads it', () => {
    const file = join(temporaryFolder(), 'long');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    expect(() => readRegularFile(file)).toThrow(/1099511627776 bytes/);
    expect(() => readRegularFile(file, 100)).toThrow(expect.objectContaining({ code: 'not-a-file' }));
  });
});
