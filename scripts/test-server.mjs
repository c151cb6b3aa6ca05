// What the scripts that install and start servers for tests have in common.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

/** What its reader can do something about: shown without a stack trace. */
export class Problem extends Error {}

/** Runs one step of an installation; throws `Problem` with `otherwise` if it fails. */
export function runStep(file, args, { otherwise, env = {} }) {
  const stdio = ['ignore', 'ignore', 'inherit'];
  const { status, error } = spawnSync(file, args, { stdio, env: { ...process.env, ...env } });
  if (error?.code === 'ENOENT') throw new Problem(`there is no ${file} on this machine`);
  if (status !== 0) throw new Problem(otherwise);
}

export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Free ports out of a range from which systems hand out none by themselves: they are still free when a server is started again. */
export async function steadyPorts(count) {
  const found = new Set();
  while (found.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * The command line of such a script: `install`, or `start`, which prints one line of JSON and runs until stdin closes, the
 * process gets SIGTERM or SIGINT, or the server ends. `start` gets the word that follows, and gives what to print, the server's
 * process, and how to end it.
 */
export async function runScript(name, { install, start }) {
  try {
    const command = process.argv[2];
    if (command === 'install') await install();
    else if (command === 'start') keepRunning(await start(process.argv[3]));
    else {
      process.stderr.write(`usage: node scripts/${name} install|start\n`);
      process.exit(2);
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  }
}

function keepRunning({ stop, server, description }) {
  const end = () => {
    server.removeAllListeners('exit');
    stop();
    process.exit(0);
  };
  server.once('exit', () => process.exit(1));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.stdin.once('end', end).once('close', end).resume();
  process.stdout.write(`${JSON.stringify({ ...description, pid: server.pid })}\n`);
}
