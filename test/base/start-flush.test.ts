import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFlush } from '../../src/base/start-flush.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** True while this process has the file open. Gone meanwhile: it was the listing's own. */
function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

test('a flush that is begun leaves the file as it is, and does not keep it open', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'bytes');
  startFlush(path);
  expect(isOpen(path)).toBe(true);
  while (isOpen(path)) await setImmediate();
  expect(readFileSync(path, 'utf8')).toBe('bytes');
});

test('a file that is gone is nothing to flush', () => {
  expect(() => {
    startFlush(join(temporaryFolder(), 'gone'));
  }).not.toThrow();
});
