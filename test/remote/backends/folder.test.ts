import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { modifying } from '../../../src/remote/backends/correction.js';
import { FolderRemote } from '../../../src/remote/backends/folder.js';
import { readAll } from '../../../src/remote/backends/remote.js';
import { makeRemoteFolder, unmakeRemoteFolder } from '../../../src/remote/backends/remote-folder.js';
import { RetryingRemote } from '../../../src/remote/backends/retry.js';
import { hasOpen } from '../../rig/has-open.js';
import { crashesOf } from '../../rig/crashes.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const bytes = Buffer.from('some bytes');
const sha256 = contentIdOf(bytes);

describe('a folder remote whose folder is not there', () => {
  it('refuses every request and makes nothing: it may be a share that is not mounted', async () => {
    const folder = join(temporaryFolder(), 'share');
    const remote = new FolderRemote(folder);
    const requests: (() => Promise<unknown>)[] = [
      () => remote.list('packs/'),
      () => remote.get('format.json'),
      () => remote.describe('format.json'),
      () => remote.put('packs/x', { bytes }, { sha256 }),
      () => remote.put('format.json', { bytes }, { sha256, ifNoneMatch: true }),
      () => remote.unfinished(),
      () => remote.now(),
    ];
    for (const request of requests) {
      await expect(request()).rejects.toMatchObject({ code: 'remote-folder-missing', exitCode: 2 });
      expect(existsSync(folder)).toBe(false);
    }
    mkdirSync(folder);
    expect(await remote.list('packs/')).toEqual([]);
    expect(await remote.get('format.json')).toBeUndefined();
    expect(await remote.put('objects/ab/cd', { bytes }, { sha256 })).toBe('created');
    expect(await remote.list('objects/')).toEqual([{ key: 'objects/ab/cd', size: bytes.length }]);
  });
});

describe('a look at a large file of a folder remote', () => {
  it('ends when it is told to, not when all of the file is hashed', async () => {
    const remote = new FolderRemote(temporaryFolder());
    const large = Buffer.alloc(5_000_000);
    await remote.put('objects/ab/cd', { bytes: large }, { sha256: contentIdOf(large) });
    const [stop, reason] = [new AbortController(), new Error('stopped')];
    const asked = remote.describe('objects/ab/cd', { signal: stop.signal });
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });
});

describe.runIf(existsSync('/proc/self/fd'))('a file of a folder remote that nobody reads', () => {
  it('is closed with the signal, and can be given up again', async () => {
    const folder = temporaryFolder();
    const remote = new FolderRemote(folder);
    await remote.put('objects/ab/cd', { bytes }, { sha256 });
    const stop = new AbortController();
    const download = (await remote.get('objects/ab/cd', { signal: stop.signal }))!;
    const isOpen = (): boolean => hasOpen(join(folder, 'objects/ab/cd'));
    expect(isOpen()).toBe(true);
    stop.abort(new Error('stopped'));
    await vi.waitUntil(() => !isOpen());
    await expect(readAll(download)).rejects.toThrow('stopped');
  });
});

const makeFolder = (folder: string): boolean => makeRemoteFolder(folder, modifying('disk'));

describe('the folder of a new remote', () => {
  it('is made where only its last level is missing, and taken away again while it is empty', () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'new');
    expect(makeFolder(folder)).toBe(true);
    expect(makeFolder(folder)).toBe(false);
    expect(() => makeFolder(join(parent, 'a', 'b'))).toThrow(
      expect.objectContaining({ code: 'remote-folder-missing', exitCode: 2 }),
    );
    expect(existsSync(join(parent, 'a'))).toBe(false);
    writeFileSync(join(folder, 'file'), 'x');
    unmakeRemoteFolder(folder);
    expect(existsSync(join(folder, 'file'))).toBe(true);
    expect(() => makeFolder(join(folder, 'file'))).toThrow(
      expect.objectContaining({ code: 'remote-not-a-folder' }),
    );
    expect(makeFolder(join(parent, 'other'))).toBe(true);
    unmakeRemoteFolder(join(parent, 'other'));
    expect(existsSync(join(parent, 'other'))).toBe(false);
  });
});

describe('what a write to a folder left that was killed', () => {
  it('is named, and taken away', async () => {
    const root = temporaryFolder();
    const write = () => new FolderRemote(root).put('packs/x', { bytes }, { sha256, ifNoneMatch: true });
    const crashes = await crashesOf(root, write);
    expect(crashes.map(({ root: left }) => readdirSync(join(left, 'tmp')).length)).toEqual([0, 1]);
    for (const { root: left } of crashes) {
      const remote = new FolderRemote(left);
      const found = await remote.unfinished();
      expect(found.map(({ key }) => key)).toEqual(
        readdirSync(join(left, 'tmp')).map((name) => `tmp/${name}`),
      );
      for (const one of found) expect(one).toMatchObject({ bytes: bytes.length });
      for (const one of found) expect(await remote.discard(one)).toBe(true);
      for (const one of found) expect(await remote.discard(one)).toBe(false);
      expect(readdirSync(join(left, 'tmp'))).toEqual([]);
    }
  });

  it('stays where it is gone on with meanwhile, as do the files of others', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'tmp', 'claim-0123.pack'), { recursive: true });
    const names = ['1x4-0123456789abcdef01', 'probe-9f86d081-884c-4d63-a15f-0123456789ab', 'notes.txt'];
    for (const name of names) writeFileSync(join(root, 'tmp', name), bytes);
    const times = [new Date('2020-01-01T00:00:00Z'), new Date('2090-01-01T00:00:00Z')] as const;
    utimesSync(join(root, 'tmp', names[0]!), times[0], times[0]);
    utimesSync(join(root, 'tmp', names[1]!), times[1], times[1]);
    const remote = new FolderRemote(root);
    const found = await remote.unfinished();
    const [file, probe] = names.map((name) => found.find(({ key }) => key === `tmp/${name}`)!);
    expect(found).toHaveLength(3);
    expect(file!.lastWritten).toEqual(times[0]);
    // A time that is to come counts from now on.
    expect(Math.abs(probe!.lastWritten.getTime() - Date.now())).toBeLessThan(60_000);
    appendFileSync(join(root, 'tmp', names[0]!), 'more');
    const outcomes: boolean[] = [];
    for (const one of found) outcomes.push(await remote.discard(one));
    expect(outcomes.filter(Boolean)).toHaveLength(2);
    expect(readdirSync(join(root, 'tmp')).sort()).toEqual([names[0], names[2]]);
  });

  it('is written again by a writer who slept meanwhile', async () => {
    const root = temporaryFolder();
    const remote = new RetryingRemote(new FolderRemote(root));
    let points = 0;
    const clear = (): void => {
      points += 1;
      if (points === 2) rmSync(join(root, 'tmp'), { recursive: true });
    };
    subscribe('ocrpipe:write-point', clear);
    onTestFinished(() => {
      unsubscribe('ocrpipe:write-point', clear);
    });
    for (const [key, ifNoneMatch] of [
      ['packs/x', true],
      ['packs/y', false],
    ] as const) {
      points = 0;
      expect(await remote.put(key, { bytes }, { sha256, ifNoneMatch })).toBe('created');
      expect(points).toBe(4);
    }
    expect(await remote.list('packs/')).toHaveLength(2);
  });
});
