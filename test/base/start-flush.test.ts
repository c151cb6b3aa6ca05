import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFlush } from '../../src/base/start-flush.js';
import { hasOpen } from '../rig/has-open.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

test('a flush that is begun leaves the file as it is, and does not keep it open', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'bytes');
  startFlush(path);
  expect(hasOpen(path)).toBe(true);
  while (hasOpen(path)) await setImmediate();
  expect(readFileSync(path, 'utf8')).toBe('bytes');
});

test('a file that is gone is nothing to flush', () => {
  expect(() => {
    startFlush(join(temporaryFolder(), 'gone'));
  }).not.toThrow();
});
