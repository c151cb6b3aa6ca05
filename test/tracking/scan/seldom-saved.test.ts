import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { BytePath } from '../../../src/tracking/byte-path.js';
import { askedRarely, realFileTimes } from '../../../src/tracking/scan/file-times.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const stat = { size: 1, mtimeMs: 1, ctimeMs: 1, ino: 1, mode: 0o644 };

function remembers(file: string, name: string): boolean {
  return new StatIndex(file).file('' as BytePath, name).count === 1;
}

describe('long work', () => {
  it('writes what it learnt at once, then no more than once a second, and all of it at its end', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const file = join(temporaryFolder(), 'stat');
    const index = new StatIndex(file);
    const learn = (name: string): void => {
      index.replaceFile('' as BytePath, name, { stat, id: contentIdOf(name) });
      index.save();
    };
    await index.savingSeldom(async () => {
      learn('a');
      expect(existsSync(file)).toBe(true);
      learn('b');
      expect(remembers(file, 'b')).toBe(false);
      vi.advanceTimersByTime(1001);
      learn('c');
      expect(remembers(file, 'b')).toBe(true);
      learn('d');
      await Promise.resolve();
    });
    expect(remembers(file, 'd')).toBe(true);
  });

  it('asks the clock of a file system again when its answer is old', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const clock = { now: 1000 };
    const times = askedRarely({ ...realFileTimes, settledBefore: () => clock.now });
    const folder = '/tmp' as BytePath;
    expect(times.settledBefore(folder)).toBe(1000);
    clock.now = 2000;
    expect(times.settledBefore(folder)).toBe(1000);
    vi.advanceTimersByTime(51);
    expect(times.settledBefore(folder)).toBe(2000);
  });
});
