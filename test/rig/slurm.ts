import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
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
  /** As a machine that loses its power: what runs there ends at once, and its Slurm as well; the controller is told. */
  crashNode(): Promise<void>;
  startNode(): Promise<void>;
  stop: () => Promise<void>;
}

interface Description {
  folder: string;
  conf: string;
  node: string;
  nodeCommand: [string, ...string[]];
}

/**
 * Starts one of its own, installing it first if need be; undefined, with the reason on stderr, where that cannot be done. Its node sees
 * nothing of a folder that is `hidden`.
 */
export async function startSlurm(hidden?: string): Promise<Slurm | undefined> {
  const more = hidden === undefined ? [] : [hidden];
  const { description, stop } = await startServer<Description>('slurm.mjs', ...more);
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
    startController: () => startDaemon(['slurmctld', '-f', conf], env),
    crashNode: async () => {
      for (const process_ of processesOnNode(conf)) kill(process_);
      await run('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=crashed');
    },
    startNode: () => startDaemon(description.nodeCommand, env),
  };
}

/** It goes on in the background, and must not hold pipes of this process. */
function startDaemon([file, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      resolve();
    });
  });
}

/** Slurm's own of the node, and the jobs there. */
function processesOnNode(conf: string): number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((name) => isOnNode(name, conf)).map(Number);
}

function isOnNode(process_: string, conf: string): boolean {
  try {
    const environment = readFileSync(join('/proc', process_, 'environ'), 'utf8').split('\0');
    if (!environment.includes(`SLURM_CONF=${conf}`)) return false;
    const name = readFileSync(join('/proc', process_, 'comm'), 'utf8');
    return /^slurm(step)?d\b/.test(name) || environment.some((each) => each.startsWith('SLURMD_NODENAME='));
  } catch {
    return false;
  }
}

function kill(process_: number): void {
  try {
    process.kill(process_, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
