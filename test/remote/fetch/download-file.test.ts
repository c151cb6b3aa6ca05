import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/base/buffer-pool.js';
import { DownloadFile } from '../../../src/remote/fetch/download-file.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** Writes pieces one after the other, each from the start of a buffer of the pool, as downloads do. */
async function written(pieces: readonly Buffer[], pastCache: boolean, start = ''): Promise<Buffer> {
  const path = join(temporaryFolder(), 'download');
  if (start !== '') writeFileSync(path, start);
  const buffers = new BufferPool(1);
  const file = await DownloadFile.open(path, { pastCache });
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
    for (const pastCache of [true, false])
      expect((await written(pieces, pastCache)).equals(whole)).toBe(true);
  });

  it('is added to where an earlier download stopped', async () => {
    expect((await written([odd], false, 'before')).equals(Buffer.concat([Buffer.from('before'), odd]))).toBe(
      true,
    );
  });
});
