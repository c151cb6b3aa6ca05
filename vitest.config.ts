import { accessSync, constants, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A file system in memory where there is one with room: tests flush thousands of small files. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 1024 ** 3;

/** Test files that measure the memory of their process, or change what is its own for good: each has a process to itself. */
const ALONE = [
  'test/actions/hostile-store.test.ts',
  'test/ocr/nn/layers-plain-simd.test.ts',
  'test/tracking/kinds.test.ts',
];

/** The sets that `npm test` leaves out, by the ending of their files' names. */
const LEFT_OUT = (process.env['OCRPIPE_TEST_LEFT_OUT'] ?? '')
  .split(',')
  .filter((name) => name !== '')
  .map((name) => `**/*.${name}.test.ts`);

export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    testTimeout: 60_000 * Number(process.env['OCRPIPE_TEST_RUNS'] ?? 1),
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    env: process.env['TMPDIR'] === undefined && hasRoom(MEMORY) ? { TMPDIR: MEMORY } : {},
    projects: [
      // Modules have no state that changes: test files that take turns in one process load each module once.
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...LEFT_OUT],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: LEFT_OUT, isolate: true } },
    ],
    globalSetup: ['test/rig/build.ts'],
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
