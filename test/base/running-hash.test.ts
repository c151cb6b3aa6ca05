import { createHash, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/base/buffer-pool.js';
import { runningHash, type RunningHash } from '../../src/base/running-hash.js';

const pieces = [1, 65_536, 0, 3_000_000].map((length) => randomBytes(length));
const expected = createHash('sha256').update(Buffer.concat(pieces)).digest('hex');

describe.each([
  ['few bytes, here', 1000],
  ['many bytes, on another thread', 2 ** 40],
])('a hash of %s', (_where, size) => {
  let hash: RunningHash;
  afterEach(() => hash.close());

  it('is that of all pieces in the order of the calls', async () => {
    hash = runningHash(size);
    await Promise.all(pieces.map((piece) => hash.update(piece)));
    expect(await hash.digest()).toBe(expected);
  });

  it('reads pieces of shared buffers, one after the other in the same one', async () => {
    hash = runningHash(size);
    const buffers = new BufferPool(1, { shared: true });
    for (const piece of pieces) {
      await buffers.use(piece.length, (buffer) => {
        piece.copy(buffer);
        return hash.update(buffer);
      });
    }
    expect(await hash.digest()).toBe(expected);
  });

  it('is that of nothing where nothing came', async () => {
    hash = runningHash(size);
    expect(await hash.digest()).toBe(createHash('sha256').digest('hex'));
  });
});

it.runIf(availableParallelism() > 1)('leaves the caller free while another thread hashes', async () => {
  const hash = runningHash(2 ** 40);
  let done = false;
  const updated = hash.update(randomBytes(1000)).then(() => (done = true));
  // A hash that is computed here is done by then.
  await Promise.resolve();
  expect(done).toBe(false);
  await updated;
  await hash.close();
});
