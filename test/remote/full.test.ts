import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FolderRemote } from '../../src/remote/backends/folder.js';
import { RetryingRemote } from '../../src/remote/backends/retry.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { Machine } from './rig.js';

const isRoot = process.geteuid?.() === 0;

// To mount a disk one has to be root (and on Linux).
describe.skipIf(!isRoot || process.platform !== 'linux')('a folder on a disk that gets full', () => {
  it('ends a push with one clear error and keeps what arrived; with room the next push goes on', async (context) => {
    const place = temporaryFolder();
    const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
    if (!mount('-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', place)) {
      context.skip('no disk may be mounted here');
      return;
    }
    onTestFinished(() => void spawnSync('umount', ['-l', place]));
    const [here, there] = [new Machine(), new Machine()];
    const files = Object.fromEntries([1, 2, 3].map((n) => [`big-${n}`, randomBytes(1_200_000)]));
    const id = here.add(files);
    const remote = new RetryingRemote(new FolderRemote(place));
    await expect(here.push(remote, [id], { jobs: 1 })).rejects.toMatchObject({
      code: 'remote-full',
      exitCode: 2,
      hint: expect.stringContaining('again') as string,
    });
    expect(readdirSync(join(place, 'tmp'))).toEqual([]);
    const kept = await remote.list('objects/');
    expect(kept).toHaveLength(2);
    expect(mount('-o', 'remount,size=8m', place)).toBe(true);
    await here.push(remote, [id]);
    await there.fetch(remote, [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });
});
