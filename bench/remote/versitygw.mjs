/**
 * A second S3 server (versitygw, which keeps each object as a file), on loopback and in a temporary folder.
 *
 *   node bench/remote/versitygw.mjs install    builds it into .cache/versitygw (needs Go)
 *   node bench/remote/versitygw.mjs start      installs it if needed, starts it, prints one line of JSON when it answers
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts, Problem, runScript, runStep } from '../../scripts/test-server.mjs';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const BUCKET = 'ocrpipe-bench';
const START_SECONDS = 20;
/** No secrets. */
const writer = { accessKeyId: 'ocrpipe-writer', secretAccessKey: 'writer-secret-for-benches-only' };
const cache = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.cache', 'versitygw');
const program = join(cache, 'versitygw');

function install() {
  if (existsSync(program)) return;
  const env = { GOBIN: cache, GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
  runStep('go', ['install', MODULE], { otherwise: `go cannot build ${MODULE}`, env });
}

async function start() {
  install();
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-versitygw-'));
  const [data, own] = ['data', 'own'].map((name) => join(folder, name));
  for (const each of [join(data, BUCKET), own]) mkdirSync(each, { recursive: true });
  const [port] = await freePorts(1);
  const access = ['--access', writer.accessKeyId, '--secret', writer.secretAccessKey];
  const server = spawn(
    program,
    [...access, '--port', `127.0.0.1:${port}`, '--health', '/health', '--quiet', 'posix', data],
    { stdio: 'ignore', cwd: own },
  );
  const stop = () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await delay(20)) {
    const answer = await globalThis.fetch(`${endpoint}/health`).catch(() => undefined);
    if (answer?.ok) return { stop, server, description: { endpoint, bucket: BUCKET, users: { writer } } };
    if (server.exitCode !== null) break;
  }
  stop();
  throw new Problem('versitygw does not answer on this machine');
}

await runScript('versitygw.mjs', { install, start });
