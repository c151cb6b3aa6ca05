import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { modifying } from '../../../src/remote/backends/correction.js';
import { FolderRemote } from '../../../src/remote/backends/folder.js';
import { makeRemoteFolder, unmakeRemoteFolder } from '../../../src/remote/backends/remote-folder.js';
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
