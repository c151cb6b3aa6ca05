import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { OCRPIPE_SCRIPT } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** A user id that no account has, as containers are often given. */
const NOBODY_KNOWN = 71_003;

const isRoot = process.getuid?.() === 0;
const canSwitch = isRoot && spawnSync('setpriv', ['--version']).status === 0;
if (!canSwitch) console.warn('skipped: only root, with setpriv, can be a user without an account');

test.skipIf(!canSwitch)('A user without an account, a home or a shell can use a workspace', () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  const run = (...args: string[]) => {
    const ids = [`--reuid=${NOBODY_KNOWN}`, `--regid=${NOBODY_KNOWN}`, '--clear-groups'];
    const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' };
    const command = ['--', process.execPath, OCRPIPE_SCRIPT, ...args];
    return spawnSync('setpriv', [...ids, ...command], { cwd: folder, env, encoding: 'utf8' });
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
