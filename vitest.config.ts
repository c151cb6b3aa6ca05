import { accessSync, constants, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A file system in memory where there is one with room: tests flush thousands of small files. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 1024 ** 3;

export default defineConfig({
  test: {
    globalSetup: ['test/rig/build.ts'],
    include: ['test/**/*.test.ts'],
    disableConsoleIntercept: true,
    testTimeout: 60_000 * Number(process.env['OCRPIPE_TEST_RUNS'] ?? 1),
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    env: process.env['TMPDIR'] === undefined && hasRoom(MEMORY) ? { TMPDIR: MEMORY } : {},
  },
});

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
