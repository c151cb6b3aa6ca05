// `node bench/remote/run.mjs [--files N] [--folder DIR] [--count]`: what it costs to share a corpus of licence plates (files of
// 2 to 4 KB, 200 in each folder) through an S3 server: SeaweedFS on loopback, started by scripts/s3-server.mjs and ended with this.
// Two machines are two clones of one workspace. Held against floors that no tool can beat: the same bytes as one object,
// sent and fetched in parts by the SDK alone, and `cp -r`. Prints a table.
// Requests and bytes are what ocrpipe says of itself; with --count everything goes through a proxy that counts too, and a
// difference is an error. The proxy takes time: the wall times of such a run mean nothing.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { circumstances, measure, OCRPIPE } from '../measure.mjs';
import { writeFiles } from '../store/data.mjs';

const PER_FOLDER = 200;
const FLOOR = join(import.meta.dirname, 'floor.mjs');
const SERVER = join(import.meta.dirname, '..', '..', 'scripts', 's3-server.mjs');

const { values: asked } = parseArgs({
  options: {
    files: { type: 'string', default: '200000' },
    folder: { type: 'string', default: tmpdir() },
    count: { type: 'boolean', default: false },
  },
});
const files = Number(asked.files);
const rows = [];
const folder = mkdtempSync(join(asked.folder, 'ocrpipe-bench-remote-'));
const server = await startServer();
const proxy = asked.count ? await startProxy(server.endpoint) : undefined;
const endpoint = proxy?.endpoint ?? server.endpoint;
const env = {
  AWS_ACCESS_KEY_ID: server.users.writer.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.users.writer.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
};
try {
  const bytes = share(join(folder, 'a'));
  await floors(bytes);
  report(bytes);
} finally {
  await proxy?.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Everything that ocrpipe does; returns the bytes of all files. */
function share(a) {
  mkdirSync(a);
  git(a, 'init', '--quiet');
  run(a, 'init');
  writeFiles(join(a, 'data'), files, PER_FOLDER);
  run(a, 'add', 'data');
  run(a, 'remote', 'add', 's3', `s3://${server.bucket}/bench`, '--endpoint', endpoint);
  commit(a);
  transfer(a, 'push, the first time', 'push');
  transfer(a, 'push, nothing new', 'push');
  const [first] = readdirSync(join(a, 'data')).sort();
  writeFileSync(join(a, 'data', first, 'new.jpg'), 'one file more, unlike any other');
  run(a, 'add', 'data');
  commit(a);
  transfer(a, 'push, one new file', 'push');
  const b = clone(a, 'b');
  transfer(b, 'pull, fresh clone', 'pull');
  transfer(b, 'pull, nothing to pull', 'pull');
  note('status, nothing to pull', timed(b, 'status').usage);
  const names = readdirSync(join(a, 'data')).sort();
  const one = `data/${names[names.length >> 1]}`;
  const c = clone(a, 'c');
  transfer(c, `pull, one folder of ${PER_FOLDER}, fresh clone`, 'pull', one);
  requireSame(join(a, 'data'), join(b, 'data'));
  requireSame(join(a, one), join(c, one));
  return sizeOf(join(a, 'data'));
}

async function floors(bytes) {
  const [file, back] = [join(folder, 'floor'), join(folder, 'floor-back')];
  writeFileSync(file, '');
  execFileSync('sh', [
    '-c',
    'find "$1" -type f -exec cat {} + > "$2"',
    'sh',
    join(folder, 'a', 'data'),
    file,
  ]);
  const sdk = { OCRPIPE_BENCH_ENDPOINT: endpoint, OCRPIPE_BENCH_BUCKET: server.bucket };
  for (const [what, verb, path] of [
    ['floor: the bytes as one object, sent', 'put', file],
    ['floor: the bytes as one object, fetched', 'get', back],
  ]) {
    settle();
    const before = proxy?.seen();
    const usage = measure([process.execPath, FLOOR, verb, path], { cwd: folder, env: { ...env, ...sdk } });
    note(what, usage, { requests: seenSince(before)?.requests, bytes });
  }
  requireSame(file, back);
  settle();
  const copy = ['cp', '-r', join(folder, 'a', 'data'), join(folder, 'copy')];
  note('floor: cp -r', measure(copy, { cwd: folder }));
}

/** Runs push or pull, and notes what it says that it moved. */
function transfer(workspace, what, ...args) {
  settle();
  const before = proxy?.seen();
  const { usage, stdout } = timed(workspace, ...args, '--json');
  const { requests, bytes } = JSON.parse(stdout);
  const seen = seenSince(before);
  if (seen !== undefined && (seen.requests !== requests || seen.bytes !== bytes)) {
    throw new Error(
      `${what}: ocrpipe says ${requests} requests, ${bytes} bytes; the proxy saw ${JSON.stringify(seen)}`,
    );
  }
  note(what, usage, { requests, bytes });
}

function seenSince(before) {
  if (before === undefined) return undefined;
  const now = proxy.seen();
  return { requests: now.requests - before.requests, bytes: now.bytes - before.bytes };
}

/** Measures the command line; its stdout goes through a file, as `measure` keeps none. */
function timed(cwd, ...args) {
  const out = join(folder, 'stdout');
  const usage = measure(['sh', '-c', 'out="$1"; shift; exec "$@" > "$out"', 'sh', out, ...OCRPIPE, ...args], {
    cwd,
    env,
  });
  return { usage, stdout: readFileSync(out, 'utf8') };
}

function note(what, { wall, cpu, peak }, moved = {}) {
  const row = { what, wall, cpu, peak, ...moved };
  rows.push(row);
  console.error(JSON.stringify(row));
}

function report(bytes) {
  const sdk = createRequire(import.meta.url)('@aws-sdk/client-s3/package.json').version;
  const { commit: at, date, node, cpu } = circumstances();
  console.log(`${files} files, ${mb(bytes)} MB; ${date}, commit ${at}, Node ${node}, SDK ${sdk}, ${cpu}\n`);
  console.log(
    '| work | requests | MB moved | wall s | CPU s | peak MB |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const { what, requests, bytes: moved, wall, cpu: used, peak } of rows) {
    const cells = [
      what,
      requests ?? '–',
      moved === undefined ? '–' : mb(moved),
      wall.toFixed(2),
      used.toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} | ${Math.round(peak)} |`);
  }
}

function mb(bytes) {
  return bytes < 100_000 ? (bytes / 1e6).toFixed(3) : (bytes / 1e6).toFixed(1);
}

/** What arrived must be what was sent. */
function requireSame(a, b) {
  execFileSync('sh', ['-c', 'diff -r "$1" "$2"', 'sh', a, b], { stdio: 'inherit' });
}

function sizeOf(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function clone(a, name) {
  git(folder, 'clone', '--quiet', a, name);
  return join(folder, name);
}

function commit(workspace) {
  git(workspace, 'add', '--all');
  git(
    workspace,
    '-c',
    'user.name=bench',
    '-c',
    'user.email=bench@example.com',
    'commit',
    '--quiet',
    '-m',
    'data',
  );
}

function git(cwd, ...args) {
  execFileSync('git', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function run(cwd, ...args) {
  execFileSync(...command(...args), {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function command(...args) {
  const [program, script] = OCRPIPE;
  return [program, [script, ...args]];
}

/** What was written before must not be paid for by what is measured next. */
function settle() {
  execFileSync('sync');
}

async function startServer() {
  const { line, stop } = await start(SERVER, 'start');
  return { ...JSON.parse(line), stop };
}

/** In a process of its own: this one waits for commands and answers nobody. */
async function startProxy(target) {
  const file = join(folder, 'proxy-seen');
  const { line, stop } = await start(join(import.meta.dirname, 'counting-proxy.mjs'), target, file);
  return { endpoint: line, seen: () => JSON.parse(readFileSync(file, 'utf8')), stop };
}

/** Starts a script that prints a line when it is ready and ends with its stdin. */
async function start(...script) {
  const child = spawn(process.execPath, script, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  if (line === undefined) throw new Error(`${script[0]} did not start`);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
  return { line, stop };
}
