import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyChangingFile } from '../../src/base/copy-file.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

describe('copyChangingFile', () => {
  test('copies bytes and permissions, and neither overwrites nor follows a link', async () => {
    const root = temporaryFolder();
    const from = join(root, 'from');
    writeFileSync(from, Buffer.alloc(2_500_000, 'x'));
    chmodSync(from, 0o755);
    await copyChangingFile(from, join(root, 'to'));
    expect(readFileSync(join(root, 'to')).equals(readFileSync(from))).toBe(true);
    expect(statSync(join(root, 'to')).mode & 0o777).toBe(0o755);
    await expect(copyChangingFile(from, join(root, 'to'))).rejects.toMatchObject({ code: 'EEXIST' });
    symlinkSync('/nowhere', join(root, 'link'));
    await expect(copyChangingFile(join(root, 'link'), join(root, 'other'))).rejects.toThrow();
  });

  test('ends though the file is cut while it is copied', { timeout: 30_000 }, async () => {
    const root = temporaryFolder();
    const from = join(root, 'from');
    writeFileSync(from, '');
    const cutter = `
      const { truncateSync } = require('node:fs');
      for (let n = 0; ; n += 1) truncateSync(process.argv[1], n % 2 === 0 ? 8_000_000 : n % 5000);
    `;
    const child = spawn(process.execPath, ['-e', cutter, from]);
    const started = new Promise((resolve) => child.on('spawn', resolve));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    try {
      await started;
      for (let copies = 0; copies < 60; copies += 1) {
        await copyChangingFile(from, join(root, 'to'));
        expect(statSync(join(root, 'to')).size).toBeLessThanOrEqual(8_000_000);
        rmSync(join(root, 'to'));
      }
    } finally {
      child.kill();
      await ended;
    }
  });
});
