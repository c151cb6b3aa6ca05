import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutorContext } from '../context.js';
import type { Job } from '../executor.js';
import { exitCodeText } from '../remote/exit-codes.js';
import type { Controller, Submission } from './controller.js';
import { batchScript } from './sbatch.js';

/** What differs between nodes that share the workspace's folder and nodes that share nothing with it. */
export interface Ground {
  /** What sbatch is handed for jobs that are submitted as one, without a name. */
  submission(jobs: readonly [Job, ...Job[]]): Omit<Submission, 'name'>;
  /** What Slurm, its node or the job said last of a job that left no result; by its number as people write it. */
  lastWords(number: string): Promise<string | undefined>;
}

export function groundOf(context: ExecutorContext, controller: Controller): Ground {
  return context.place.where === undefined ? sharedGround(context) : apartGround(context, controller);
}

/** Jobs begin in the workspace, with the environment of repro, and Slurm writes its own words beside the job folders. */
function sharedGround({ root, jobsFolder, place }: ExecutorContext): Ground {
  const folder = join(jobsFolder, 'slurm');
  return {
    submission: (jobs) => {
      mkdirSync(folder, { recursive: true });
      const output = join(folder, jobs.length > 1 ? '%A_%a.out' : '%j.out');
      return {
        script: batchScript(jobs, { startLine: (job) => place.startLine(job), setup: [] }),
        env: jobs[0].env,
        options: [`--output=${output}`, `--chdir=${root}`],
      };
    },
    lastWords: (number) => Promise.resolve(lastLine(join(folder, `${number}.out`))),
  };
}

/** Jobs begin in a folder of their node, with little of this machine's environment; Slurm's own words stay there. */
function apartGround({ settings, place }: ExecutorContext, controller: Controller): Ground {
  const { folder = '/tmp', setup = [] } = settings;
  return {
    submission: (jobs) => ({
      script: batchScript(jobs, { startLine: (job) => place.startLine(job), setup }),
      env: Object.fromEntries(jobs.flatMap((job) => handedOver(job))),
      options: [
        `--output=${join(folder, `ocrpipe-${jobs.length > 1 ? '%A_%a' : '%j'}.out`)}`,
        `--chdir=${folder}`,
      ],
    }),
    lastWords: async (number) => {
      const code = await controller.exitCode(number);
      return code === undefined ? undefined : exitCodeText(code, place.where ?? '');
    },
  };
}

/** Who the user is, and how words are written. */
const HANDED_OVER = /^(PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LC_[A-Z]+|SLURM_CONF)$/;

/**
 * The variables that a job on another machine is given, by way of sbatch, which writes them to no file of ocrpipe's: secrets of its
 * stage, and no others. Declared variables are in its description; credentials for the remote are the node's own.
 */
function handedOver({ env, stage }: Job): [string, string | undefined][] {
  const secrets = new Set(stage.secrets.map(({ name }) => name));
  return Object.entries(env).filter(([name]) => HANDED_OVER.test(name) || secrets.has(name));
}

/** What stands last in a file. */
function lastLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1)?.trim() || undefined;
  } catch {
    return undefined;
  }
}
