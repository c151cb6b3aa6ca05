import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The script behind `ocrpipe`. */
export const OCRPIPE_SCRIPT = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface RunResult {
  stdout: string;
  stderr: string;
  /** The exit code, or undefined if a signal ended it. */
  exitCode: number | undefined;
  signal: NodeJS.Signals | undefined;
}

export interface RunOptions {
  cwd: string;
  /** Added to the test's own environment. */
  env?: Record<string, string>;
  /** Sent to the process when it first shows progress: writes to stderr, or with `--events` to stdout. */
  signalOnOutput?: NodeJS.Signals;
  /** Kills the process by SIGKILL when it is aborted. */
  kill?: AbortSignal;
}

/** Runs the real binary in a process of its own and waits for its end; never throws for a failing command. */
export function runOcrpipe(args: readonly string[], options: RunOptions): Promise<RunResult> {
  return runProcess(process.execPath, [OCRPIPE_SCRIPT, ...args], options);
}

/** Runs it and returns the document on stdout of `--json`; throws with all output if it fails or says anything else. */
export async function ocrpipeJson<T>(args: readonly string[], options: RunOptions): Promise<T> {
  const result = await runOcrpipe([...args, '--json'], options);
  if (result.exitCode !== 0)
    throw new Error(`ocrpipe ${args.join(' ')} failed: ${JSON.stringify(result, null, 2)}`);
  return JSON.parse(result.stdout) as T;
}

export function runProcess(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (options.signalOnOutput) {
    const shown = args.includes('--events') ? child.stdout : child.stderr;
    shown.once('data', () => child.kill(options.signalOnOutput));
  }
  options.kill?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ ...output, exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
}
