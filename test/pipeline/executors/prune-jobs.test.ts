import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { JobFolder } from '../../../src/pipeline/executors/job-folder.js';
import { pruneJobs } from '../../../src/pipeline/executors/prune-jobs.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 1);

/** A job of a stage that was last written to so many days ago. */
function job(folder: AbsPath, stage: string, { days, settled }: { days: number; settled: boolean }): string {
  const made = JobFolder.of(folder, stage, contentIdOf(`${stage} ${days}`));
  made.begin({ executor: 'cluster', place: undefined, description: {}, script: '' });
  if (settled) made.settle();
  age(join(made.path, 'state.json'), days);
  return made.path;
}

function age(file: string, days: number): void {
  const seconds = (NOW - days * DAY_MS) / 1000;
  utimesSync(file, seconds, seconds);
}

describe('old job folders', () => {
  it('go a month after their jobs ended, but for the last one of a stage that is still there', () => {
    const folder = temporaryFolder();
    const gone = ['removed', 'models/a:removed'].map((stage) =>
      job(folder, stage, { days: 31, settled: true }),
    );
    const before = job(folder, 'train', { days: 50, settled: true });
    const last = job(folder, 'train', { days: 40, settled: true });
    const recent = job(folder, 'removed', { days: 29, settled: true });
    pruneJobs(folder, new Set(['train']), NOW);
    expect([...gone, before].filter((each) => existsSync(each))).toEqual([]);
    expect([last, recent].filter((each) => !existsSync(each))).toEqual([]);
  });

  it('stay while somebody may still wait for the job', () => {
    const folder = temporaryFolder();
    const waiting = job(folder, 'removed', { days: 100, settled: false });
    const forgotten = job(folder, 'removed', { days: 121, settled: false });
    pruneJobs(folder, new Set(), NOW);
    expect(existsSync(waiting)).toBe(true);
    expect(existsSync(forgotten)).toBe(false);
  });

  it('are found again by the whole name of a stage in a subfolder', () => {
    const folder = temporaryFolder();
    job(folder, 'models/a:train', { days: 0, settled: false });
    expect(JobFolder.unsettled(folder, 'models/a:train').map(({ stage }) => stage)).toEqual([
      'models/a:train',
    ]);
  });

  it('take with them what a cluster wrote beside them', () => {
    const folder = temporaryFolder();
    const words = join(folder, 'jobs', 'slurm');
    mkdirSync(words, { recursive: true });
    for (const days of [3, 31]) {
      writeFileSync(join(words, `${days}.out`), '');
      age(join(words, `${days}.out`), days);
    }
    pruneJobs(folder, new Set(), NOW);
    expect(existsSync(join(words, '3.out'))).toBe(true);
    expect(existsSync(join(words, '31.out'))).toBe(false);
  });
});
