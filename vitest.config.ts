import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/rig/build.ts'],
    include: ['test/**/*.test.ts'],
    disableConsoleIntercept: true,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
