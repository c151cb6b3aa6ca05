import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryBeside } from '../../src/base/atomic-file.js';
import { LockFiles } from '../../src/base/lock-files.js';
import { acquireLock } from '../../src/base/lock.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

function lock(folder: string, name: string, files: LockFiles) {
  return acquireLock({ path: join(folder, name), what: 'the test', command: 'test', files });
}

describe('the files of many locks', () => {
  it('are one for locks that follow each other, and as many as are held at once', async () => {
    const folder = join(temporaryFolder(), 'locks');
    const files = new LockFiles();
    const first = await lock(folder, 'a', files);
    const { ino } = statSync(join(folder, 'a'));
    const beside = await lock(folder, 'b', files);
    expect(statSync(join(folder, 'b')).ino).not.toBe(ino);
    first.release();
    expect(existsSync(join(folder, 'a'))).toBe(false);
    const second = await lock(folder, 'c', files);
    expect(statSync(join(folder, 'c')).ino).toBe(ino);
    second.release();
    beside.release();
    files.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave a lock alone that somebody else has taken over meanwhile', async () => {
    const folder = temporaryFolder();
    const files = new LockFiles();
    const held = await lock(folder, 'a', files);
    unlinkSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a'), 'of somebody else');
    held.release();
    expect(existsSync(join(folder, 'a'))).toBe(true);
  });

  it('are made anew where somebody has tidied up', async () => {
    const folder = temporaryFolder();
    const files = new LockFiles();
    (await lock(folder, 'a', files)).release();
    for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
    const held = await lock(folder, 'a', files);
    expect(existsSync(join(folder, 'a'))).toBe(true);
    held.release();
    files.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('remove what a killed command left in the folder, before the first of them', async () => {
    const folder = temporaryFolder();
    const dead = spawnSync('true').pid.toString(36);
    const left = temporaryBeside(join(folder, 'a')).replace(/tmp-[0-9a-z]+-/, `tmp-${dead}-`);
    writeFileSync(left, '');
    const files = new LockFiles();
    (await lock(folder, 'a', files)).release();
    files.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
