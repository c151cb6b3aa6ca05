import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess, type RunResult } from './ocrpipe.js';
import { startServer } from './server-process.js';

/** A real Slurm of one node, with the partitions `main`, `low` and `high`, which preempts `low`. */
export interface Slurm {
  /** What SLURM_CONF must say. */
  readonly conf: string;
  readonly node: string;
  /** Runs one of its programs; throws if that fails. */
  run(file: string, ...args: string[]): Promise<string>;
  /** Once it has saved what it knows of a running job, which it does every few seconds: what it has not saved it forgets. */
  killController(job: string): Promise<void>;
  startController(): Promise<void>;
  stop: () => Promise<void>;
}

interface Description {
  folder: string;
  conf: string;
  node: string;
}

/** Starts one of its own, installing it first if need be; undefined, with the reason on stderr, where that cannot be done. */
export async function startSlurm(): Promise<Slurm | undefined> {
  const { description, stop } = await startServer<Description>('slurm.mjs');
  if (description === undefined) return undefined;
  const { folder, conf, node } = description;
  const env = { SLURM_CONF: conf };
  const run = async (file: string, ...args: string[]): Promise<string> => {
    const result: RunResult = await runProcess(file, args, { cwd: folder, env });
    if (result.exitCode !== 0) throw new Error(`${file} ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  return {
    ...{ conf, node, run, stop },
    killController: async (job) => {
      const saved = (): number => statSync(join(folder, 'state', 'job_state')).mtimeMs;
      const before = saved();
      await run('scontrol', 'update', `jobid=${job}`, 'comment=saved');
      while (saved() === before) await run('sleep', '0.2');
      process.kill(Number(readFileSync(join(folder, 'slurmctld.pid'), 'utf8')), 'SIGKILL');
    },
    startController: () =>
      new Promise((resolve, reject) => {
        // It goes on in the background, and must not hold pipes of this process.
        const child = spawn('slurmctld', ['-f', conf], { env: { ...process.env, ...env }, stdio: 'ignore' });
        child.once('error', reject);
        child.once('exit', () => {
          resolve();
        });
      }),
  };
}
