import { spawnSync, type SpawnSyncReturns } from 'node:child_process';

/** True if tests can be other users: only root can, with setpriv. */
export const canSwitchUser = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;
if (!canSwitchUser) console.warn('skipped: only root, with setpriv, can be another user');

/** Runs a program as a user, of one group, who need not have an account. */
export function spawnAs(
  { user, group }: { user: number; group: number },
  [program, ...args]: readonly [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): SpawnSyncReturns<string> {
  const ids = [`--reuid=${user}`, `--regid=${group}`, '--clear-groups'];
  return spawnSync('setpriv', [...ids, '--', program, ...args], { ...options, encoding: 'utf8' });
}
