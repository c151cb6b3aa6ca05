import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';

/** An empty folder that is removed when the test has finished; in a hook, hand `afterAll` in. */
export function temporaryFolder(whenDone: (remove: () => void) => void = onTestFinished): AbsPath {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ocrpipe-test-'))) as AbsPath;
  whenDone(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
  return folder;
}
