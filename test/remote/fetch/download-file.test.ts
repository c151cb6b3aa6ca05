import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/base/buffer-pool.js';
import { DiskSpeed } from '../../../src/remote/fetch/disk-speed.js';
import { DownloadFile, type DownloadFileOptions } from '../../../src/remote/fetch/download-file.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** Writes pieces one after the other, each from the start of a buffer of the pool, as downloads do. */
async function written(pieces: readonly Buffer[], options: DownloadFileOptions, start = ''): Promise<Buffer> {
  const path = join(temporaryFolder(), 'download');
  if (start !== '') writeFileSync(path, start);
  const buffers = new BufferPool(1);
  const file = await DownloadFile.open(path, options);
  for (const piece of pieces) {
    await buffers.use(piece.length, (buffer) => {
      piece.copy(buffer);
      return file.append(buffer);
    });
  }
  await file.close();
  file.throwIfUnflushed();
  return readFileSync(path);
}

describe('the file of a download', () => {
  const blocks = randomBytes(3 * 65_536);
  const odd = randomBytes(5000);
  const few = randomBytes(10);

  it.each([
    ['whole blocks', [blocks, blocks]],
    ['a last piece that ends within a block', [blocks, odd]],
    ['less than a block', [few]],
    ['a piece that broke off and more after it', [odd, blocks, few, blocks]],
  ])('holds %s, whether past the cache or through it', async (_what, pieces) => {
    const whole = Buffer.concat(pieces);
    for (const pastCache of [true, false]) {
      expect((await written(pieces, { pastCache })).equals(whole)).toBe(true);
      expect((await written(pieces, { pastCache, second: new DiskSpeed() })).equals(whole)).toBe(true);
    }
  });

  it('holds all of it where the disk turns out to be slow half-way', async () => {
    let now = 0;
    // Each look at the clock is a second later: what follows the first piece that can be judged goes through the cache.
    const disk = new DiskSpeed(() => (now += 1000));
    const pieces = Array.from({ length: 12 }, () => randomBytes(1024 * 1024));
    pieces.push(odd);
    expect((await written(pieces, { pastCache: true, second: disk })).equals(Buffer.concat(pieces))).toBe(
      true,
    );
    expect(disk.isQuick).toBe(false);
  });

  it('takes no name that is in use where it is a second one', async () => {
    const path = join(temporaryFolder(), 'download');
    writeFileSync(path, 'of somebody');
    const opened = DownloadFile.open(path, { pastCache: true, second: new DiskSpeed() });
    await expect(opened).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(path, 'utf8')).toBe('of somebody');
  });

  it('is added to where an earlier download stopped', async () => {
    expect(
      (await written([odd], { pastCache: false }, 'before')).equals(
        Buffer.concat([Buffer.from('before'), odd]),
      ),
    ).toBe(true);
  });
});
