/**
 * Counts the moments at which a command changes something on disk, so that a test can kill the process at each one.
 * With `OCRPIPE_TEST_KILL_AT=n` in the environment the process dies by SIGKILL when it reaches the n-th write point:
 * what a power cut or `kill -9` does, at a place that can be repeated. Without the variable this costs one comparison.
 */
const killAt = Number(process.env['OCRPIPE_TEST_KILL_AT'] ?? 0);
const counter = { reached: 0 };

/** Call just before each visible change (create, rename, unlink) in the store or the workspace. */
export function writePoint(): void {
  if (killAt === 0) return;
  counter.reached += 1;
  if (counter.reached === killAt) process.kill(process.pid, 'SIGKILL');
}
