/**
 * A TCP proxy that makes networks fail (Toxiproxy), for tests, on loopback.
 *
 *   node scripts/toxiproxy.mjs install    builds it into .cache/toxiproxy (needs Go)
 *   node scripts/toxiproxy.mjs start      installs it if needed, starts it, prints one line of JSON when it answers
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts, Problem, runScript, runStep } from './test-server.mjs';

const MODULE = 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0';
const START_SECONDS = 20;
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'toxiproxy');
const program = join(folder, 'server');

function install() {
  if (existsSync(program) && spawnSync(program, ['-version'], { stdio: 'ignore' }).status === 0) return;
  // Built aside and renamed, so that an interrupted build is not taken for a whole one.
  const fresh = `${folder}.${process.pid}`;
  try {
    const otherwise = `go cannot build ${MODULE}: it needs a module proxy that it can reach`;
    runStep('go', ['install', MODULE], { otherwise, env: { GOBIN: fresh, GOTOOLCHAIN: 'local' } });
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function start() {
  install();
  const [port] = await freePorts(1);
  const server = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
  const api = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await delay(20)) {
    const answer = await globalThis.fetch(`${api}/version`).catch(() => undefined);
    if (answer?.ok) return { stop: () => server.kill('SIGKILL'), server, description: { api } };
    if (server.exitCode !== null) break;
  }
  server.kill('SIGKILL');
  throw new Problem('Toxiproxy does not answer on this machine');
}

await runScript('toxiproxy.mjs', { install, start });
