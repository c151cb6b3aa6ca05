import { accessSync, constants, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A file system in memory where there is one with room: tests flush thousands of small files. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 1024 ** 3;

/** What keeps no state in a process: its modules are loaded once for all. Backends of TensorFlow and servers are others. */
const SHARED = ['base', 'cli', 'config', 'docs', 'git', 'metrics', 'store', 'tracking'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

/** Among these, what measures its process, or changes what is its own for good. */
const ALONE = ['test/tracking/kinds.test.ts'];

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
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED,
          exclude: [...ALONE, ...LEFT_OUT],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: LEFT_OUT, isolate: true } },
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED, ...LEFT_OUT, ...ALONE],
          isolate: true,
        },
      },
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
