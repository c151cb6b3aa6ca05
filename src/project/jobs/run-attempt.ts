import { hostname, tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from '../../base/call.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import type { CommandResult } from '../../pipeline/executors/executor.js';
import type { RemoteDescription, RemoteResult } from '../../pipeline/executors/remote/description.js';
import { isPassing, isUnreachable } from '../../remote/backends/remote-errors.js';
import type { Remote } from '../../remote/backends/remote.js';
import type { RemoteJob } from '../../remote/jobs/remote-job.js';
import { AttemptLog } from './attempt-log.js';
import { JobWorkspace } from './job-workspace.js';
import { runStageOf } from './stage-run.js';

/** How often it is asked whether somebody still wants the job. */
const WANTED_MS = 15_000;
/** Hours of work are not lost with a remote that is away for a while. */
const PATIENCE_MS = 60 * 60 * 1000;
const AGAIN_MS = 5_000;
/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

export interface AttemptParts {
  readonly attempt: RemoteJob;
  readonly description: RemoteDescription;
  readonly remote: Remote;
  /** Where its folder is made. */
  readonly folder?: string | undefined;
  readonly call: Call;
}

/**
 * Runs one attempt of a job that this process has claimed: inputs from the remote, the commands, outputs to the remote, then the log to its
 * end, and last the result. Whatever the commands, or what surrounds them, fail with is a result. Throws, and leaves no result, where it
 * was ended or is not wanted any more, and where the remote takes no result.
 */
export async function runAttempt(parts: AttemptParts): Promise<RemoteResult> {
  const { attempt, call } = parts;
  const log = new AttemptLog(attempt);
  const watch = new WantedWatch(attempt);
  const signal = AbortSignal.any([call.signal, watch.signal]);
  try {
    const result = await resultOf(parts, { log, signal });
    await patiently(() => log.close(), signal);
    await patiently(() => attempt.end(Buffer.from(`${JSON.stringify(result)}\n`)), signal);
    return result;
  } catch (error) {
    // What was printed until then helps who asks why.
    if (signal.aborted) await log.close().catch(() => undefined);
    throw error;
  } finally {
    watch.stop();
  }
}

interface Running {
  readonly log: AttemptLog;
  readonly signal: AbortSignal;
}

async function resultOf(parts: AttemptParts, running: Running): Promise<RemoteResult> {
  const call = { ...parts.call, signal: running.signal };
  let workspace: JobWorkspace | undefined;
  try {
    workspace = JobWorkspace.make(parts.folder ?? tmpdir(), { ...parts, call });
    return await runIn(workspace, parts.description, running);
  } catch (error) {
    running.signal.throwIfAborted();
    return { version: 1, error: nodeProblem(error) };
  } finally {
    workspace?.remove();
  }
}

async function runIn(
  workspace: JobWorkspace,
  description: RemoteDescription,
  { log, signal }: Running,
): Promise<RemoteResult> {
  await workspace.fill();
  const limit = new AbortController();
  const timer = timeLimit(description, limit);
  const write = (text: string): void => {
    log.write(text);
  };
  try {
    const ended = await runStageOf(description, {
      ...{ root: workspace.root, write },
      signal: AbortSignal.any([signal, limit.signal]),
    });
    if (!ended.ok) return failureOf(ended, description);
  } catch (error) {
    if (limit.signal.aborted && !signal.aborted) return { version: 1, timedOut: true };
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { version: 1, code: 0, outs: await patiently(() => workspace.send(signal), signal) };
}

function timeLimit(
  { timeoutSeconds }: RemoteDescription,
  limit: AbortController,
): NodeJS.Timeout | undefined {
  if (timeoutSeconds === undefined) return undefined;
  const over = (): void => {
    limit.abort(new Error('timeout'));
  };
  return setTimeout(over, Math.min(LONGEST_MS, timeoutSeconds * 1000));
}

function failureOf(ended: Exclude<CommandResult, { ok: true }>, { input }: RemoteDescription): RemoteResult {
  if (!('command' in ended)) throw new Error('commands fail by their exit code here');
  const { code, signal, command } = ended;
  return { version: 1, code, signal, command: Math.max(0, input.run.indexOf(command)) };
}

function nodeProblem(error: unknown): NonNullable<RemoteResult['error']> {
  const code = error instanceof OcrpipeError ? error.code : systemErrorCode(error);
  if (code === undefined || !(error instanceof Error)) throw error;
  const hint = error instanceof OcrpipeError ? error.hint : undefined;
  return { code, message: error.message, node: hostname(), ...(hint !== undefined && { hint }) };
}

/** Tries again for a while what fails because the remote is away. */
async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const mayPass = isPassing(error) || isUnreachable(error);
      if (!mayPass || performance.now() - started > PATIENCE_MS) throw error;
      await delay(AGAIN_MS, undefined, { signal });
    }
  }
}

/** Aborts once nobody wants the attempt any more: its description is gone from the remote. */
class WantedWatch {
  readonly #gone = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(attempt: RemoteJob) {
    this.#timer = setInterval(() => {
      attempt.isWanted().then(
        (wanted) => {
          if (!wanted) this.#gone.abort(notWanted());
        },
        // A remote that is away says nothing.
        () => undefined,
      );
    }, WANTED_MS);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Nobody waits for what the job makes: it was cancelled, or another attempt took its place. */
export function notWanted(): OcrpipeError {
  return new OcrpipeError(
    'job-not-wanted',
    'nobody wants this job any more: its description is gone from the remote',
    {
      hint: "'ocrpipe repro' submits it again where its stage still needs it.",
    },
  );
}
