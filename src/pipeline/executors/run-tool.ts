import { spawn } from 'node:child_process';
import { systemErrorCode, userError } from '../../base/errors.js';

/** What a program printed, and how it ended: null where it had to be killed. */
export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that says nothing for so long is taken for hanging. */
const LONGEST_MS = 60_000;

/**
 * Runs a program of the machine to its end; one that fails is a result. Throws `tool-not-found` (exit code 2) where it is not
 * installed.
 */
export function runTool(
  file: string,
  args: readonly string[],
  { input = '', env }: { input?: string; env: Readonly<Record<string, string | undefined>> },
): Promise<ToolResult> {
  const child = spawn(file, args, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  // Who ends without reading its input says why by its exit code.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(systemErrorCode(error) === 'ENOENT' ? notFound(file, error) : error);
    });
    child.once('close', (code) => {
      resolve({ code, ...printed });
    });
  });
}

function notFound(file: string, cause: Error) {
  return userError('tool-not-found', `there is no '${file}' on the PATH`, {
    hint: 'Run ocrpipe where it is installed, such as a login node of the cluster, or choose another executor.',
    cause,
  });
}
