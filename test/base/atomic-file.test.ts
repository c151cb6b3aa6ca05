import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/base/atomic-file.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

test('a file that cannot get its name leaves nothing beside it', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'x'));
  expect(() => {
    writeFileAtomic(join(folder, 'x'), 'text');
  }).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(folder)).toEqual(['x']);
});
