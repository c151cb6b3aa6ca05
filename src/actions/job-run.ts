import { existsSync, readFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import { remoteSchema, type RemoteSettings } from '../config/settings.js';
import { parseDescription, type RemoteResult } from '../pipeline/executors/remote/description.js';
import { JOB_EXIT } from '../pipeline/executors/remote/exit-codes.js';
import { JobWorkspace } from '../project/jobs/job-workspace.js';
import { notWanted, runAttempt } from '../project/jobs/run-attempt.js';
import { runStageOf } from '../project/jobs/stage-run.js';
import type { Correction } from '../remote/backends/correction.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { RemoteJob } from '../remote/jobs/remote-job.js';

export interface JobRunInput {
  /** The key of an attempt on the remote; without a remote a `job.json`, to be run by hand. */
  readonly job: string;
  /** The settings of the remote, as JSON. */
  readonly remote?: string | undefined;
  /** Where a folder is made for it. */
  readonly folder?: string | undefined;
  /** Takes what the commands print when it is run by hand. */
  readonly onText: (text: string) => void;
}

export interface JobRunResult {
  /** Of the command that failed, or of `JOB_EXIT`. */
  readonly exitCode: number;
  /** Where it ran, if that is still there. */
  readonly folder?: string;
  /** Why there is no result. */
  readonly problem?: OcrpipeError;
}

/**
 * Runs a job where nothing of the machine is there that submitted it but a remote. By hand it runs the same commands on the same inputs in
 * a folder that stays, and tells nobody.
 */
export async function jobRun(input: JobRunInput, call: Call): Promise<JobRunResult> {
  if (input.remote === undefined) return runByHand(input, call);
  try {
    return await runClaimed(input, parseSettings(input.remote), call);
  } catch (error) {
    const problem = asProblem(error);
    return { exitCode: exitCodeOf(problem), problem };
  }
}

async function runClaimed(
  { job, folder }: JobRunInput,
  settings: RemoteSettings,
  call: Call,
): Promise<JobRunResult> {
  const remote = await openRemote(settings, '/nonexistent/workspace', correct);
  try {
    const attempt = new RemoteJob(remote, job);
    const described = await attempt.description(call.signal);
    if (described === undefined) throw notWanted();
    const description = parseDescription(described, `${job}/job.json on ${remote.where}`);
    if (!(await attempt.claim(hostname(), call.signal))) throw alreadyStarted(job);
    const result = await runAttempt({ attempt, description, remote, folder, call });
    return { exitCode: commandExitCode(result) };
  } finally {
    remote.close();
  }
}

async function runByHand({ job, folder, onText }: JobRunInput, call: Call): Promise<JobRunResult> {
  const file = resolve(call.cwd, job);
  if (!existsSync(file)) {
    throw userError('job-file-missing', `there is no file ${file}`, {
      hint: 'Name the job.json of a job folder: .ocrstore/jobs/STAGE-SIGNATURE/job.json.',
    });
  }
  const description = parseDescription(readFileSync(file), file);
  const remote = await openRemote(description.remote, '/nonexistent/workspace', correct);
  try {
    const workspace = JobWorkspace.make(folder ?? tmpdir(), { description, remote, call });
    await workspace.fill();
    const { root } = workspace;
    const ended = await runStageOf(description, { root, write: onText, signal: call.signal });
    workspace.close();
    return { exitCode: ended.ok ? 0 : 'code' in ended ? (ended.code ?? 1) : 1, folder: root };
  } finally {
    remote.close();
  }
}

function parseSettings(text: string): RemoteSettings {
  try {
    return remoteSchema.parse(JSON.parse(text));
  } catch (error) {
    throw userError('invalid-value', '--remote does not hold the settings of a remote', {
      hint: "Jobs are started as their run.sh says; 'ocrpipe repro' writes it.",
      cause: error,
    });
  }
}

/** The settings are those of whoever submitted the job. */
const correct: Correction = () => 'ocrpipe remote modify NAME (where the job was submitted)';

function alreadyStarted(job: string): OcrpipeError {
  return new OcrpipeError('job-started-before', `${job} was started before, and runs once at most`, {
    hint: "A cluster that starts jobs again by itself gets nothing: 'ocrpipe repro' submits another attempt.",
  });
}

function asProblem(error: unknown): OcrpipeError {
  if (error instanceof OcrpipeError) return error;
  const code = systemErrorCode(error);
  if (code === undefined || !(error instanceof Error)) throw error;
  return new OcrpipeError(code === 'ENOSPC' ? 'disk-full' : 'job-failed', error.message, { cause: error });
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  ...{ 'credentials-missing': JOB_EXIT.credentials, 'credentials-refused': JOB_EXIT.credentials },
  ...{ 'credentials-expired': JOB_EXIT.credentials, 'remote-denied': JOB_EXIT.credentials },
  ...{ 'remote-unreachable': JOB_EXIT.unreachable, 'remote-interrupted': JOB_EXIT.unreachable },
  ...{ 'remote-busy': JOB_EXIT.unreachable, 'disk-full': JOB_EXIT.full },
  ...{ 'job-started-before': JOB_EXIT.ended, 'job-not-wanted': JOB_EXIT.ended, interrupted: JOB_EXIT.ended },
};

function exitCodeOf({ code }: OcrpipeError): number {
  return EXIT_CODES[code] ?? JOB_EXIT.failed;
}

/** What the cluster is to say of it. */
function commandExitCode({ code, error, timedOut }: RemoteResult): number {
  if (error !== undefined || timedOut) return 1;
  return code ?? 1;
}
