import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRemoteUrl } from '../../../src/remote/backends/remote-url.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

describe('the address of a remote', () => {
  it('is a bucket with or without a prefix', () => {
    expect(parseRemoteUrl('s3://bucket', '/w')).toEqual({ kind: 's3', bucket: 'bucket', prefix: '' });
    expect(parseRemoteUrl('S3://bucket/a//b/', '/w')).toEqual({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'a/b/',
    });
  });

  it('is a folder, which starts at the workspace unless it is absolute', () => {
    expect(parseRemoteUrl('../store', '/w/here')).toEqual({ kind: 'folder', folder: '/w/store' });
    expect(parseRemoteUrl('/mnt/store', '/w')).toEqual({ kind: 'folder', folder: '/mnt/store' });
    expect(parseRemoteUrl('file:///mnt/a%20b', '/w')).toEqual({ kind: 'folder', folder: '/mnt/a b' });
  });

  it('is no folder where a slash was forgotten: what was meant is named', () => {
    const meant = [
      ['s3:/bucket/p', 's3://bucket/p'],
      ['S3:bucket', 's3://bucket'],
      ['file:/mnt/x', 'file:///mnt/x'],
    ];
    for (const [url, hint] of meant) {
      expect(() => parseRemoteUrl(url!, '/w'), url).toThrow(
        expect.objectContaining({ code: 'remote-url', exitCode: 2, hint: `Did you mean '${hint!}'?` }),
      );
    }
    for (const url of ['https:/host/b', 'gs:bucket', 'nas:/export/x', 's3:/KEY:hush@bucket']) {
      const refused = expect.objectContaining({
        code: 'remote-url',
        message: expect.not.stringContaining('hush') as string,
        hint: expect.not.stringContaining('hush') as string,
      }) as Error;
      expect(() => parseRemoteUrl(url, '/w'), url).toThrow(refused);
    }
    for (const url of ['./s3:/bucket', 'data:v2', '2024-01:x/y']) {
      expect(parseRemoteUrl(url, '/w'), url).toMatchObject({ kind: 'folder' });
    }
  });

  it('is no folder of git or a store, and none that holds the workspace, by whatever way it is named', () => {
    const root = join(temporaryFolder(), 'w');
    mkdirSync(join(root, '.ocrstore'), { recursive: true });
    symlinkSync('w/.ocrstore', join(root, '..', 'link'));
    const refused = ['.', '..', '/', '.ocrstore', '.ocrstore/x', '.git', 'a/../.GIT/x', '../other/.ocrstore'];
    for (const url of [...refused, root, `file://${root}/.ocrstore`, '../link', '../link/deep/er', './']) {
      expect(() => parseRemoteUrl(url, root), url).toThrow(
        expect.objectContaining({ code: 'remote-url', exitCode: 2 }),
      );
    }
    for (const url of ['store', '../w-store', '../wx', '.ocrstores', join(root, '..', 'x')]) {
      expect(parseRemoteUrl(url, root), url).toMatchObject({ kind: 'folder' });
    }
  });

  it('is refused with exit code 2 where it is neither, and no secret in it is repeated', () => {
    for (const url of [
      '',
      's3://',
      's3:///key',
      's3://b/../c',
      'gs://b',
      'https://host/b',
      'file://host/x',
    ]) {
      expect(() => parseRemoteUrl(url, '/w')).toThrow(
        expect.objectContaining({ code: 'remote-url', exitCode: 2 }),
      );
    }
    expect(() => parseRemoteUrl('s3://user:hush@bucket', '/w')).toThrow(/^((?!hush).)*$/);
  });
});
