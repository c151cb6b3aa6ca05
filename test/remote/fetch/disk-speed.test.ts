import { describe, expect, it } from 'vitest';
import { DiskSpeed } from '../../../src/remote/fetch/disk-speed.js';

const MIB = 1024 * 1024;

/** A disk with a clock of its own; `write` takes so many milliseconds of it. */
function diskWithClock() {
  let now = 0;
  const disk = new DiskSpeed(() => now);
  const write = (bytes: number, ms: number) =>
    disk.measured(() => {
      now += ms;
      return Promise.resolve(bytes);
    });
  return { disk, write, pass: (ms: number) => (now += ms) };
}

describe('a disk', () => {
  it('passes for a quick one until something was written, however long that took', async () => {
    const { disk, write } = diskWithClock();
    expect(disk.isQuick).toBe(true);
    await write(4 * MIB, 1000);
    expect(disk.isQuick).toBe(true);
  });

  it('is slow where bytes take their time, and not where nothing was to be written meanwhile', async () => {
    const { disk, write, pass } = diskWithClock();
    await write(24 * MIB, 24);
    pass(60_000);
    await write(24 * MIB, 24);
    expect(disk.isQuick).toBe(true);
    await write(24 * MIB, 1000);
    expect(disk.isQuick).toBe(false);
  });

  it('is judged by what it did last', async () => {
    const { disk, write } = diskWithClock();
    for (let gibibyte = 0; gibibyte < 40; gibibyte += 1) await write(1024 * MIB, 1024);
    await write(512 * MIB, 8 * 1024);
    expect(disk.isQuick).toBe(false);
  });

  it('is as quick as all writes together that are under way at once', async () => {
    let now = 0;
    const disk = new DiskSpeed(() => now);
    const ends: ((bytes: number) => void)[] = [];
    const writes = Array.from({ length: 4 }, () =>
      disk.measured(() => new Promise<number>((resolve) => ends.push(resolve))),
    );
    now = 200;
    for (const end of ends) end(24 * MIB);
    await Promise.all(writes);
    expect(disk.isQuick).toBe(true);
  });

  it('is not slowed by a write that fails', async () => {
    const { disk, write } = diskWithClock();
    await write(24 * MIB, 24);
    await expect(disk.measured(() => Promise.reject(new Error('full')))).rejects.toThrow('full');
    expect(disk.isQuick).toBe(true);
  });
});
