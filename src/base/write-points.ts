import { channel } from 'node:diagnostics_channel';

/**
 * The moments at which a command changes something on disk, told to whoever asks, so that a test can see what a crash would
 * leave at each one. With `OCRPIPE_TEST_KILL_AT=n` in the environment the process dies by SIGKILL when it reaches the n-th write
 * point: what a power cut or `kill -9` does, at a place that can be repeated. Otherwise this costs two comparisons.
 */
const killAt = Number(process.env['OCRPIPE_TEST_KILL_AT'] ?? 0);
const counter = { reached: 0 };
const points = channel('ocrpipe:write-point');

/** Call just before each visible change (create, rename, unlink) in the store or the workspace. */
export function writePoint(): void {
  if (points.hasSubscribers) points.publish(undefined);
  if (killAt === 0) return;
  counter.reached += 1;
  if (counter.reached === killAt) process.kill(process.pid, 'SIGKILL');
}
