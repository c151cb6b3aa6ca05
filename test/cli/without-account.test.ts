import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { OCRPIPE_SCRIPT } from '../rig/ocrpipe.js';
import { canSwitchUser, spawnAs } from '../rig/other-user.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** A user id that no account has, as containers are often given. */
const NOBODY_KNOWN = 71_003;

test.skipIf(!canSwitchUser)('A user without an account, a home or a shell can use a workspace', () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  const run = (...args: string[]) => {
    const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' };
    const command = [process.execPath, OCRPIPE_SCRIPT, ...args] as const;
    return spawnAs({ user: NOBODY_KNOWN, group: NOBODY_KNOWN }, command, { cwd: folder, env });
  };
  expect(run('init', '--no-git')).toMatchObject({ status: 0, stderr: '' });
  writeFileSync(join(folder, 'label.txt'), 'AB 123');
  expect(run('add', 'label.txt')).toMatchObject({ status: 0, stderr: '' });
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    'stages:\n  copy:\n    run: cp label.txt copy.txt\n    deps: [label.txt]\n    outs: [copy.txt]\n',
  );
  expect(run('repro')).toMatchObject({ status: 0 });
  expect(run('status')).toMatchObject({ status: 0, stderr: '' });
});
