import { fileURLToPath } from 'node:url';
import { runProcess, type RunResult } from './ocrpipe.js';

const CHILD = fileURLToPath(new URL('action-child.mjs', import.meta.url));

/** An action of the built package by its name, and its input. */
export type ActionInput = readonly [name: string, input: object];

/**
 * Runs an action in `folder`, in a process of its own. `node` are options of that process, `env` is added to its environment,
 * `kill` ends it by SIGKILL.
 */
export function runAction(
  folder: string,
  [name, input]: ActionInput,
  {
    node = [],
    env = {},
    kill,
  }: { node?: readonly string[]; env?: Record<string, string>; kill?: AbortSignal } = {},
): Promise<RunResult> {
  const args = [...node, CHILD, folder, name, JSON.stringify(input)];
  return runProcess(process.execPath, args, { cwd: folder, env, ...(kill && { kill }) });
}

/** The same, killed by SIGKILL at its `write`-th write; false if it came to its end before. Throws if it fails. */
export async function killedAt(folder: string, write: number, action: ActionInput): Promise<boolean> {
  const env = { OCRPIPE_TEST_KILL_AT: String(write) };
  const { signal, exitCode, stderr } = await runAction(folder, action, { env });
  if (signal !== 'SIGKILL' && exitCode !== 0) throw new Error(`${action[0]} failed: ${stderr}`);
  return signal === 'SIGKILL';
}
