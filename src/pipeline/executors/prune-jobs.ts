import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AbsPath } from '../../base/paths.js';
import { JobFolder, jobsFolder } from './job-folder.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long the folder of a job that ended stays for people, beyond the last of its stage. */
const SETTLED_MS = 30 * DAY_MS;
/** After so long nobody waits for a job any more, as on a remote. */
const WAITING_MS = 120 * DAY_MS;

/**
 * Removes job folders that are old: those of stages that no pipeline has any more, and all but the last of each other stage; and what
 * Slurm wrote beside them.
 */
export function pruneJobs(stateFolder: AbsPath, stages: ReadonlySet<string>, now: number): void {
  const jobs = JobFolder.all(stateFolder);
  const last = new Map<string, number>();
  for (const job of jobs) last.set(job.stage, Math.max(last.get(job.stage) ?? 0, writtenAt(job.path)));
  for (const job of jobs) {
    const at = writtenAt(job.path);
    const isLast = stages.has(job.stage) && at === last.get(job.stage);
    const isOld = now - at > (job.isOpen() ? WAITING_MS : SETTLED_MS);
    if (isOld && !isLast) job.remove();
  }
  pruneWords(join(jobsFolder(stateFolder), 'slurm'), now);
}

function pruneWords(folder: string, now: number): void {
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    if (now - timeOf(file) > SETTLED_MS) rmSync(file, { force: true });
  }
}

/** When its state was written last; a folder without one was never begun. */
function writtenAt(job: AbsPath): number {
  return timeOf(join(job, 'state.json'));
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
