import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));
const NOBODY = { user: 65_534, group: 65_534 };

/** True if tests can be other users: only root can, with setpriv, from a build that others may read. */
export const canSwitchUser =
  process.getuid?.() === 0 && spawnAs(NOBODY, ['test', '-r', BUILT], { cwd: '/' }).status === 0;
if (!canSwitchUser)
  console.warn('skipped: only root, with setpriv, with a build that others may read, can be another user');

/** Runs a program as a user, of one group, who need not have an account. */
export function spawnAs(
  { user, group }: { user: number; group: number },
  [program, ...args]: readonly [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): SpawnSyncReturns<string> {
  const ids = [`--reuid=${user}`, `--regid=${group}`, '--clear-groups'];
  return spawnSync('setpriv', [...ids, '--', program, ...args], { ...options, encoding: 'utf8' });
}
