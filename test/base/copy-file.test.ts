import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyChangingFile, copyChangingFileNow } from '../../src/base/copy-file.js';
import { whileCut } from '../rig/cut-file.js';
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

  test.each(['while others work', 'at once'])(
    'ends though the file is cut while it is copied %s',
    { timeout: 30_000 },
    async (how) => {
      const root = temporaryFolder();
      const from = join(root, 'from');
      const to = join(root, 'to');
      writeFileSync(from, '');
      await whileCut(from, async () => {
        for (let copies = 0; copies < 40; copies += 1) {
          if (how === 'at once') copyChangingFileNow(from, to);
          else await copyChangingFile(from, to);
          expect(statSync(to).size).toBeLessThanOrEqual(8_000_000);
          rmSync(to);
        }
      });
    },
  );

  test('is given up in the middle of a file', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'from'), Buffer.alloc(12_000_000, 'x'));
    const { signal } = fired('given up');
    const copied = copyChangingFile(join(root, 'from'), join(root, 'to'), { signal });
    // Where the file system clones, there is no middle.
    await copied.then(
      () => {
        expect(statSync(join(root, 'to')).size).toBe(12_000_000);
      },
      (error: unknown) => {
        expect(error).toMatchObject({ message: 'given up' });
      },
    );
  });
});

function fired(message: string): AbortController {
  const controller = new AbortController();
  controller.abort(new Error(message));
  return controller;
}
