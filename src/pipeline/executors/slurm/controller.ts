import { setTimeout as delay } from 'node:timers/promises';
import { OcrpipeError, userError } from '../../../base/errors.js';
import type { ExecutorContext } from '../context.js';
import { runTool, type ToolResult } from '../run-tool.js';
import { parseQueue, QUEUE_FORMAT, type QueuedJob } from './queue.js';

/** What sbatch is handed. */
export interface Submission {
  readonly name: string;
  readonly script: string;
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Unless the configuration says otherwise. Minutes. */
const PATIENCE = 60;
const MINUTE_MS = 60_000;
/** Between two tries to reach a controller that does not answer. */
const AGAIN_MS = 2_000;

/**
 * Slurm's controller, by its programs sbatch, squeue and scancel. It may be away for a while: each call waits for it, says so
 * once, and gives up (`slurm-unreachable`) after the patience of the settings; the jobs go on meanwhile.
 */
export class Controller {
  readonly #context: ExecutorContext;
  readonly #env = withoutOwnJob(process.env);

  constructor(context: ExecutorContext) {
    this.#context = context;
  }

  /** All jobs of this user that Slurm still knows, ended ones too, arrays expanded. */
  async queue(signal: AbortSignal): Promise<QueuedJob[]> {
    return this.#patiently(signal, () => this.#queueNow());
  }

  /** The number of the new job. Throws `slurm-refused` (exit code 2) for what sbatch does not take. */
  async submit(submission: Submission, signal: AbortSignal): Promise<string> {
    const { name, options, script } = submission;
    const args = ['--parsable', '--no-requeue', `--job-name=${name}`, ...options];
    const env = withoutOwnJob(submission.env);
    return this.#patiently(signal, async () => {
      const result = await runTool('sbatch', args, { input: script, env });
      const number = /^(\d+)/.exec(result.stdout.trim())?.[1];
      if (result.code === 0 && number !== undefined) return number;
      // A controller that went away at that moment may have it all the same.
      const queue = await this.#queueNow();
      if (queue === undefined) return undefined;
      return queue.find((job) => job.name === name)?.number ?? refused(result);
    });
  }

  /** The exit code of a job that has ended, while Slurm still knows it. */
  async exitCode(name: string): Promise<number | undefined> {
    const { stdout } = await runTool('scontrol', ['show', 'job', '--oneliner', name], { env: this.#env });
    const code = /\bExitCode=(\d+):\d+/.exec(stdout)?.[1];
    return code === undefined ? undefined : Number(code);
  }

  async cancel(names: readonly string[]): Promise<void> {
    const result = await runTool('scancel', [...names], { env: this.#env });
    if (result.code === 0 || (await this.#queueNow()) !== undefined) return;
    throw new OcrpipeError('slurm-unreachable', `Slurm's controller does not answer: its jobs go on`, {
      hint: `Cancel them later: 'scancel ${names.join(' ')}'. The next 'ocrpipe repro' finds those that its stages still need.`,
    });
  }

  async #queueNow(): Promise<QueuedJob[] | undefined> {
    const args = ['--me', '--states=all', '--array', '--noheader', `--format=${QUEUE_FORMAT}`];
    const { code, stdout } = await runTool('squeue', args, { env: this.#env });
    return code === 0 ? parseQueue(stdout) : undefined;
  }

  /** Tries until there is an answer. */
  async #patiently<T>(signal: AbortSignal, ask: () => Promise<T | undefined>): Promise<T> {
    const { name, settings, events } = this.#context;
    const patience = settings.patience ?? PATIENCE;
    const started = performance.now();
    for (let silent = false; ; silent = true) {
      const answer = await ask();
      if (answer !== undefined) {
        if (silent)
          events({
            type: 'note',
            level: 'info',
            code: 'cluster-back',
            message: `${name}: Slurm's controller answers again`,
          });
        return answer;
      }
      if (performance.now() - started > patience * MINUTE_MS) throw unreachable(patience);
      if (!silent) {
        const message = `${name}: Slurm's controller does not answer; waiting for it, at most ${patience} minutes`;
        events({ type: 'note', level: 'warning', code: 'cluster-silent', message });
      }
      await delay(AGAIN_MS, undefined, { signal });
    }
  }
}

/** ocrpipe may itself run in a job: what Slurm told that one is not for others. */
function withoutOwnJob(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('SLURM_') || name === 'SLURM_CONF'),
  );
}

function refused({ stderr, code }: ToolResult): never {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw userError(
    'slurm-refused',
    `sbatch refused the job: ${said === '' ? `exit code ${String(code)}` : said}`,
    {
      hint: 'Correct the settings of the executor in .ocrstore/config.yaml, or those of the stage.',
    },
  );
}

function unreachable(patience: number): OcrpipeError {
  return new OcrpipeError('slurm-unreachable', `Slurm's controller did not answer for ${patience} minutes`, {
    hint: "Jobs that were submitted go on: run 'ocrpipe repro' again once it is back, which finds them.",
  });
}
