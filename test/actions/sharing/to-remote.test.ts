import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addToRemote } from '../../../src/actions/add-to-remote.js';
import type { EventSink } from '../../../src/base/events.js';
import { quietCall } from '../../rig/call.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import type { TestWorkspace } from '../../rig/workspace.js';
import { newWorkspace } from '../../rig/workspace.js';
import { cloneOf } from './scope-story.js';

interface Added {
  added: { path: string; size: number; files?: number; changed: boolean }[];
  objects: number;
  packs: number;
  remote: string;
  toCommit: string[];
}
interface Status {
  tracked: { path: string; state: string; inStore?: boolean }[];
}

const LARGE = randomBytes(1_300_000);

describe('add --to-remote', () => {
  let home: string;
  let user: TestWorkspace;
  let count = 0;
  beforeAll(() => {
    home = temporaryFolder(afterAll);
  });
  beforeEach(async () => {
    count += 1;
    user = await newWorkspace(join(home, `user-${count}`));
    await user.ocrpipe('remote', 'add', 'disk', join(home, `remote-${count}`));
  });

  /** Files of some folder, small ones and a large one. */
  const fill = (folder: string, files = 40): void => {
    mkdirSync(join(folder, 'sub'), { recursive: true });
    for (let index = 0; index < files; index += 1)
      writeFileSync(join(folder, `${index % 2 === 0 ? 'sub/' : ''}${index}.bin`), randomBytes(5000));
    writeFileSync(join(folder, 'sub/large.bin'), LARGE);
  };
  const add = (...args: string[]) => user.json<Added>('add', '--to-remote', ...args);
  const states = async () => (await user.json<Status>('status')).tracked;
  const fails = async (...args: string[]) => {
    const { exitCode, stdout } = await user.run([...args, '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
    return { exitCode, ...error };
  };
  /** Bytes that the store of the workspace takes. */
  const stored = (): number =>
    ['objects', 'packs', 'tmp']
      .flatMap((folder) =>
        readdirSync(user.path(`.ocrstore/${folder}`), { recursive: true }).map((name) => [folder, name]),
      )
      .map(([folder, name]) => statSync(user.path(`.ocrstore/${String(folder)}/${String(name)}`)))
      .filter((stat) => stat.isFile())
      .reduce((sum, { size }) => sum + size, 0);

  it('tracks a folder whose bytes are on the remote and not in the store', async () => {
    fill(user.path('data/raw'));
    const result = await add('data/raw');
    expect(result).toMatchObject({ added: [{ path: 'data/raw', files: 41 }], remote: 'disk', packs: 1 });
    expect(result.toCommit).toEqual(['data/.gitignore', 'data/raw.ocr']);
    expect(stored()).toBeLessThan(20_000);
    await user.commit('data');
    expect(await states()).toEqual([{ path: 'data/raw', state: 'clean' }]);
    expect(await user.json('push')).toMatchObject({ objects: 0 });
    await user.ocrpipe('checkout');
    await user.ocrpipe('fsck');
    expect(await add('data/raw')).toMatchObject({ objects: 0, added: [{ changed: false }] });

    const other = await cloneOf(user, join(home, `clone-${count}`));
    await other.ocrpipe('pull');
    expect(readFileSync(other.path('data/raw/sub/large.bin')).equals(LARGE)).toBe(true);
    expect(other.read('data/raw.ocr')).toBe(user.read('data/raw.ocr'));
  });

  it('what is lost or edited then comes back from the remote, or goes there', async () => {
    fill(user.path('data/raw'), 6);
    await add('data/raw');
    await user.commit('data');
    const before = readFileSync(user.path('data/raw/sub/2.bin'));
    user.remove('data/raw');
    expect(await states()).toEqual([{ path: 'data/raw', state: 'missing', inStore: false }]);
    expect(await fails('checkout')).toMatchObject({ code: 'object-missing' });
    await user.ocrpipe('pull');
    expect(readFileSync(user.path('data/raw/sub/2.bin')).equals(before)).toBe(true);
    user.write('data/raw/new.txt', 'new');
    expect(await states()).toMatchObject([{ state: 'modified' }]);
    expect(await add('data/raw')).toMatchObject({ objects: 2, added: [{ changed: true, files: 8 }] });
    await user.commit('more');
    expect(await states()).toEqual([{ path: 'data/raw', state: 'clean' }]);
    expect((await user.run(['gc', '--workspace', '--now'])).exitCode).toBe(0);
    expect(await states()).toEqual([{ path: 'data/raw', state: 'clean' }]);
  });

  it('takes a single file, and a place outside of the workspace, which stays where it is', async () => {
    const outside = join(home, `camera-${count}`);
    fill(outside, 5);
    user.write('weights.bin', LARGE);
    expect(await add('weights.bin')).toMatchObject({ objects: 1, packs: 0 });
    const result = await add(outside, '--out', 'data/camera');
    expect(result).toMatchObject({ added: [{ path: 'data/camera', files: 6 }] });
    expect(user.has('data/camera')).toBe(false);
    expect(readdirSync(outside).sort()).toEqual(['1.bin', '3.bin', 'sub']);
    await user.commit('data');
    expect(await states()).toEqual([
      { path: 'data/camera', state: 'missing', inStore: false },
      { path: 'weights.bin', state: 'clean' },
    ]);
    await user.ocrpipe('pull', 'data/camera');
    expect(readFileSync(user.path('data/camera/1.bin')).equals(readFileSync(join(outside, '1.bin')))).toBe(
      true,
    );
    expect(await fails('add', '--to-remote', outside, '--out', 'data/camera')).toMatchObject({
      exitCode: 2,
      code: 'path-exists',
    });
    expect(await fails('add', '--to-remote', 'weights.bin', '--out', 'x')).toMatchObject({
      code: 'out-without-outside',
    });
    expect(await fails('add', '--to-remote', join(home, 'nowhere'))).toMatchObject({ code: 'no-such-path' });
    expect(await fails('add', outside)).toMatchObject({ code: 'path-outside-workspace' });
  });

  it('takes names that are not UTF-8, and refuses links that lead out', async () => {
    const folder = Buffer.from(user.path('data/raw/'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(Buffer.concat([folder, Buffer.from([0xff, 0x61])]), 'small');
    writeFileSync(Buffer.concat([folder, Buffer.from([0xfe, 0x62])]), LARGE);
    await add('data/raw');
    user.remove('data/raw');
    await user.ocrpipe('pull');
    expect(readFileSync(Buffer.concat([folder, Buffer.from([0xfe, 0x62])])).equals(LARGE)).toBe(true);
    symlinkSync('../../../elsewhere', user.path('data/raw/out'));
    expect(await fails('add', '--to-remote', 'data/raw')).toMatchObject({
      exitCode: 2,
      code: 'link-outside',
    });
  });

  it('a file that changes before it is sent is no wrong byte there', async () => {
    fill(user.path('data/raw'), 4);
    let changed = false;
    const events: EventSink = (event) => {
      if (event.type !== 'progress' || event.key !== 'push' || changed) return;
      changed = true;
      user.write('data/raw/1.bin', 'another');
      user.write('data/raw/sub/large.bin', randomBytes(LARGE.length));
    };
    const call = { ...quietCall(user.root), events };
    const adding = addToRemote({ paths: ['data/raw'], jobs: 2 }, call);
    await expect(adding).rejects.toMatchObject({
      code: expect.stringMatching(/^(file-changed|damaged-upload)$/) as string,
    });
    expect(user.has('data/raw.ocr')).toBe(false);
    await add('data/raw');
    expect(await user.ocrpipe('fsck', '--remote')).toContain('sound');
    const there = await cloneAfter();
    expect(there.read('data/raw/1.bin')).toBe('another');
  });

  it('goes on after it was killed at any moment, and tracks nothing before all of it is there', async () => {
    fill(user.path('data/raw'), 9);
    let kills = 0;
    for (let at = 1; ; at += 6) {
      const { signal, exitCode } = await user.run(['add', '--to-remote', 'data/raw'], {
        OCRPIPE_TEST_KILL_AT: String(at),
      });
      if (signal === undefined) {
        expect(exitCode).toBe(0);
        break;
      }
      kills += 1;
      if (!user.has('data/raw.ocr')) continue;
      const there = await cloneAfter();
      expect(readFileSync(there.path('data/raw/sub/large.bin')).equals(LARGE)).toBe(true);
    }
    expect(kills).toBeGreaterThan(1);
    expect(await user.json('push')).toMatchObject({ objects: 0 });
    expect(await user.ocrpipe('fsck', '--remote')).toContain('sound');
  });

  /** Another machine that has only what is committed now. */
  const cloneAfter = async (): Promise<TestWorkspace> => {
    await user.commit('by now');
    const clone = await cloneOf(user, join(temporaryFolder(), 'clone'));
    await clone.ocrpipe('pull');
    return clone;
  };
});
