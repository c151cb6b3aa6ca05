import { spawnSync } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runProcess, type RunOptions, type RunResult } from './ocrpipe.js';
import { temporaryFolder } from './temporary-folder.js';

const SCRIPT = fileURLToPath(new URL('isolated.mjs', import.meta.url));

/** True where a user may make a network of his own: on Linux, with `unshare` and `ip`, unless the system forbids it. */
export function canIsolate(): boolean {
  return spawnSync('unshare', ['-rn', 'ip', 'addr', 'add', '169.254.170.2/32', 'dev', 'lo']).status === 0;
}

/**
 * Runs a program in a network of its own, where addresses ('169.254.170.2:80') lead to servers of this one, by their URL, and
 * nothing else leads anywhere.
 */
export async function runIsolated(
  command: readonly string[],
  addresses: Readonly<Record<string, string>>,
  options: RunOptions,
): Promise<RunResult> {
  const folder = temporaryFolder();
  const sockets: Record<string, string> = {};
  for (const [address, url] of Object.entries(addresses)) {
    sockets[address] = join(folder, String(Object.keys(sockets).length));
    await joinSocket(sockets[address], new URL(url));
  }
  const asked = JSON.stringify({ addresses: sockets, command });
  return runProcess('unshare', ['-rn', process.execPath, SCRIPT, asked], options);
}

async function joinSocket(path: string, { hostname, port }: URL): Promise<void> {
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
}
