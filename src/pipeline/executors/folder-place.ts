import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { CommandResult, Job, LogPart } from './executor.js';
import { attemptFolder, readLog, readResult } from './job-folder.js';
import type { JobPlace } from './job-place.js';
import { quoted } from './run-script.js';

/** Jobs that run in the workspace, which whoever runs them sees under the same path; all is in their folders. */
export class FolderPlace implements JobPlace {
  publish(): Promise<void> {
    return Promise.resolve();
  }

  look(): Promise<boolean> {
    return Promise.resolve(true);
  }

  result(job: Job): CommandResult | undefined {
    return readResult(attemptFolder(job), job.stage);
  }

  log(job: Job, offset: number): LogPart {
    return readLog(attemptFolder(job), offset);
  }

  hasBegun(job: Job): boolean {
    return existsSync(attemptFolder(job));
  }

  wasRestarted(job: Job): boolean {
    return existsSync(join(attemptFolder(job), 'restarted'));
  }

  startLine({ folder, attempt }: Job): string {
    return `exec /bin/sh ${quoted(join(folder, 'run.sh'))} ${attempt}`;
  }

  revoke(job: Job): Promise<void> {
    writeFileAtomic(join(attemptFolder(job), 'revoked'), '');
    return Promise.resolve();
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }
}
