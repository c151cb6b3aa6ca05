import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/base/buffer-pool.js';

describe('a pool of buffers', () => {
  it('lends no more than so many at once, the same ones again, and of the length that is asked for', async () => {
    const pool = new BufferPool(2);
    const using = new Set<ArrayBufferLike>();
    const seen = new Set<ArrayBufferLike>();
    const lengths = Array.from({ length: 20 }, (_, index) => 100 - index);
    await Promise.all(
      lengths.map((length) =>
        pool.use(length, async (buffer) => {
          expect(buffer.length).toBe(length);
          expect(using.has(buffer.buffer)).toBe(false);
          using.add(buffer.buffer);
          seen.add(buffer.buffer);
          expect(using.size).toBeLessThanOrEqual(2);
          await new Promise(setImmediate);
          using.delete(buffer.buffer);
        }),
      ),
    );
    expect(seen.size).toBe(2);
  });

  it('makes room for what is longer, and lends again what somebody failed with', async () => {
    const pool = new BufferPool(1);
    await expect(pool.use(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await pool.use(1000, (buffer) => Promise.resolve(buffer.length))).toBe(1000);
  });
});
