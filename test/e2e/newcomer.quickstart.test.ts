import { appendFileSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../rig/git-repository.js';
import { runProcess, type RunResult } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

describe('npm run quickstart in a fresh clone', { timeout: 900_000 }, () => {
  let clone = '';
  let first: RunResult;
  // A newcomer has no native TensorFlow: the run must do without.
  const env = { OCRPIPE_TENSORFLOW_DIR: '' };
  const quickstart = () => runProcess('npm', ['run', '--silent', 'quickstart'], { cwd: clone, env });

  beforeAll(async () => {
    clone = join(temporaryFolder(afterAll), 'clone');
    git(repository, 'clone', '--quiet', repository, clone);
    // The packages are those of this checkout: downloading them again is what `npm ci` is tested by elsewhere.
    symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
    appendFileSync(join(clone, '.git', 'info', 'exclude'), 'node_modules\n');
    first = await quickstart();
  }, 900_000);

  it('trains a recogniser that reads at least 85 % of the test lines exactly', () => {
    expect(first.exitCode).toBe(0);
    const figures = JSON.parse(readFileSync(join(clone, 'reports', 'test.json'), 'utf8')) as Record<
      string,
      number
    >;
    expect(figures['exact']).toBeGreaterThanOrEqual(0.85);
    expect(figures['count']).toBeGreaterThanOrEqual(200);
  });

  it('shows figures, read lines and where to look next', () => {
    expect(first.stdout).toMatch(/exact/);
    expect(first.stdout).toMatch(/predictions\.tsv/);
    expect(first.stdout).toMatch(/Where to look next/);
  });

  it('commits nothing, and changes nothing that git holds but what a pipeline writes', () => {
    expect(git(clone, 'log', '--oneline', '-1', 'origin/HEAD..HEAD')).toBe('');
    const changed = git(clone, 'status', '--porcelain').split('\n').filter(Boolean);
    // Weights depend on the processor in their last digits: their pointer and figures may differ from the committed run's.
    const written =
      /^ M (pipeline\.lock|models\/lines\.ocr|reports\/(test\.ocr|(test|train)\.json|history\.jsonl))$/;
    expect(changed.filter((line) => !written.test(line))).toEqual([]);
  });

  it('says that nothing is stale when it is run again', async () => {
    const second = await quickstart();
    expect(second.exitCode).toBe(0);
    expect(second.stdout).toMatch(/nothing is stale/i);
  });
});
