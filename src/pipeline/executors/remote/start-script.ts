import type { ExecutorSettings } from '../../../config/settings.js';
import { quoted } from '../run-script.js';
import type { RemoteDescription } from './description.js';

/** What starts a job where only the remote is reached; needs `ocrpipe` there, and credentials that the AWS default chain finds. */
export function startLine(
  { remote, key }: Pick<RemoteDescription, 'remote' | 'key'>,
  { ocrpipe = 'ocrpipe', folder }: ExecutorSettings,
): string {
  const where = folder === undefined ? [] : ['--folder', quoted(folder)];
  return [ocrpipe, 'job', 'run', ...where, '--remote', quoted(JSON.stringify(remote)), key].join(' ');
}

/**
 * `run.sh` of a job over a remote. With an argument it is the job, wherever it stands; by hand, without one, it runs the commands anew in a
 * folder of its own, from the same inputs, and tells nobody but who reads the terminal.
 */
export function remoteScript(
  id: string,
  description: Pick<RemoteDescription, 'remote' | 'key'>,
  { settings, bin }: { settings: ExecutorSettings; bin: string },
): string {
  const { ocrpipe = 'ocrpipe', setup = [] } = settings;
  return [
    '#!/bin/sh',
    `# The job ${id} of ocrpipe: what it reads, runs and makes is in job.json beside this file.`,
    `# By hand: sh run.sh. It fetches its inputs into a new folder, and what it prints comes to the terminal.`,
    ...setup,
    `[ ! -x ${quoted(`${bin}/ocrpipe`)} ] || PATH=${quoted(bin)}:$PATH`,
    `[ "$#" != 0 ] || exec ${ocrpipe} job run "$(dirname "$0")/job.json"`,
    `exec ${startLine(description, settings)}`,
    '',
  ].join('\n');
}
