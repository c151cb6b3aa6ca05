import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { WantedBlobs } from '../../../src/remote/fetch/wanted-blobs.js';

const [a, b] = [contentIdOf('a'), contentIdOf('b')];

describe('WantedBlobs', () => {
  it('keeps one place of each path that wants a blob, and calls it by the first', () => {
    const wanted = new WantedBlobs();
    expect(wanted.isWantedElsewhere(a, { path: 'raw', file: 'x.jpg' })).toBe(false);
    wanted.want(a, { path: 'raw', file: 'x.jpg' });
    expect(wanted.isWantedElsewhere(a, { path: 'raw', file: 'y.jpg' })).toBe(true);
    expect(wanted.isWantedElsewhere(a, { path: 'clean', file: 'x.jpg' })).toBe(true);
    expect(wanted.nameOf(a)).toBe('raw (x.jpg)');
    expect(wanted.drop(a)).toEqual([
      { path: 'raw', file: 'x.jpg' },
      { path: 'clean', file: 'x.jpg' },
    ]);
    expect(wanted.size).toBe(0);
  });

  it('says names of files for people, and the id of a blob that nobody wants', () => {
    const wanted = new WantedBlobs();
    wanted.want(a, { path: 'raw', file: Buffer.from('é').toString('latin1') });
    wanted.want(b, { path: 'model.bin' });
    expect([...wanted.ids()].map((id) => wanted.nameOf(id))).toEqual(['raw (é)', 'model.bin']);
    expect(wanted.nameOf(contentIdOf('c'))).toBe(contentIdOf('c'));
  });
});
