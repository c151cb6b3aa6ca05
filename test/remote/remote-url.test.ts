import { describe, expect, it } from 'vitest';
import { parseRemoteUrl } from '../../src/remote/remote-url.js';

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
