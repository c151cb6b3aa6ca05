import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { TEMPORARY_PREFIX, temporaryBeside } from '../../src/base/atomic-file.js';
import { SPACE_MARK } from '../../src/base/process-space.js';
import { removeAbandonedIn } from '../../src/base/abandoned.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Above what Linux gives to a process. */
const DEAD = (2 ** 23).toString(36);

test('what dead processes of this host left goes, what others may be writing stays until it is old', () => {
  const folder = temporaryFolder();
  const elsewhere = SPACE_MARK === '0000' ? '1111' : '0000';
  const own = basename(temporaryBeside(join(folder, 'x')));
  const names = {
    own,
    dead: `${TEMPORARY_PREFIX}${DEAD}-${SPACE_MARK}00000000-x`,
    elsewhere: `${TEMPORARY_PREFIX}${DEAD}-${elsewhere}00000000-x`,
    old: `${TEMPORARY_PREFIX}${DEAD}-${elsewhere}00000001-x`,
    strange: `${TEMPORARY_PREFIX}1-x`,
  };
  for (const name of Object.values(names)) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, `${names.dead}folder`));
  utimesSync(join(folder, names.old), 1, 1);
  removeAbandonedIn(folder);
  expect(readdirSync(folder).sort()).toEqual([names.own, names.elsewhere, names.strange].sort());
});

test('a folder and names of any bytes are no hindrance', () => {
  const folder = Buffer.from(`${temporaryFolder()}/f\xf6lder`, 'latin1');
  mkdirSync(folder);
  const name = `${TEMPORARY_PREFIX}${DEAD}-${SPACE_MARK}00000000-\xe9`;
  mkdirSync(Buffer.concat([folder, Buffer.from(`/${name}`, 'latin1')]));
  removeAbandonedIn(folder);
  expect(readdirSync(folder)).toEqual([]);
});
