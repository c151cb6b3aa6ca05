// `node bench/remote/run.mjs [--files N] [--large BYTES] [--rounds N[,TOOL=N…]] [--tools ocrpipe,dvc,s5cmd,aws,rclone,floor]
// [--count TOOLS] [--server seaweedfs|versitygw] [--limit SECONDS] [--folder DIR] [--save] [--results DIR]`: what it costs to share a corpus of licence plates
// (files of 2 to 4 KB, 200 in each folder) and one large file through an S3 server on loopback, beside the tools that send a request for
// each file, and floors that no tool can beat: the same bytes as one object, sent and fetched by the SDK alone, and `cp -r`. Every tool works
// on its own copy of the same data against a server of its own, started empty; they take turns, and what each brought back is compared
// with what was sent. A tool that needs minutes may take fewer rounds: `--rounds 3,dvc=1`; the table says so. One that fails, or takes
// more than --limit for one command, is named in the table, and the others go on. --count TOOLS runs these once more through a proxy that counts requests and bytes, and holds ocrpipe to what
// it says of itself; the times of that round are not kept. Prints a table of medians; --save also keeps the raw figures in results/, or
// in DIR, after each turn. `node bench/remote/peers.mjs` installs the peers.
// Disk: 6 GB for 200,000 files, or six times the large file, whichever is more; they do not come together.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances } from '../measure.mjs';
import { inTurn, settle } from '../store/contestants.mjs';
import { writeFiles, writeLarge } from '../store/data.mjs';
import { contestant, takingPart } from './contestants.mjs';
import { programOf, versionOf } from './peers.mjs';
import { startProxy, startServer } from './servers.mjs';
import { table } from './table.mjs';
import { PER_FOLDER, Turn } from './turn.mjs';

const { values: asked } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    large: { type: 'string', default: '1000000000' },
    rounds: { type: 'string', default: '3' },
    tools: { type: 'string', default: 'ocrpipe,dvc,s5cmd,aws,rclone,floor' },
    count: { type: 'string', default: 'ocrpipe' },
    server: { type: 'string', default: 'seaweedfs' },
    limit: { type: 'string', default: '1200' },
    folder: { type: 'string', default: tmpdir() },
    save: { type: 'boolean', default: false },
    results: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
});
// Nothing is encrypted here: the certificates that this machine trusts need not be read.
delete process.env.AWS_CA_BUNDLE;
const files = Number(asked.files);
const large = Number(asked.large);
const limit = Number(asked.limit);
const [rounds, roundsOf] = roundsAsked(asked.rounds);
const tools = takingPart(asked.tools);
const counted = asked.count === '' ? [] : takingPart(asked.count);
const about = aboutThis();
const [rows, counts, failures] = [[], [], []];

const folder = mkdtempSync(join(asked.folder, 'ocrpipe-bench-remote-'));
try {
  const source = join(folder, 'source');
  mkdirSync(source);
  if (files > 0) writeFiles(join(source, 'data'), files, PER_FOLDER);
  if (large > 0) writeLarge(join(source, 'large.bin'), large);
  for (const name of counted) await attemptTurn({ name, round: 0, source, count: true });
  for (let round = 1; round <= rounds; round += 1) {
    const taking = tools.filter((name) => round <= (roundsOf[name] ?? rounds));
    for (const name of inTurn(taking, round)) await attemptTurn({ name, round, source });
  }
  console.log(table(result()));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures.length === 0 ? 0 : 1;

/** What of `3,dvc=1` holds for all tools, and what for some. */
function roundsAsked(text) {
  const [all, ...some] = text.split(',');
  const of = Object.fromEntries(some.map((one) => one.split('=')).map(([name, n]) => [name, Number(n)]));
  return [Number(all), 'floor' in of ? { ...of, 'cp -r': of.floor } : of];
}

/** A turn that does not come to its end leaves what it did before. */
async function attemptTurn(turn) {
  const note = turn.count ? noteCount : noteTimes(turn.round);
  try {
    await takeTurn(turn.name, { ...turn, note });
  } catch (error) {
    failures.push({ round: turn.round, tool: turn.name, why: error.task ?? 'preparing it' });
    console.error(`${turn.round} ${turn.name} failed: ${error.stack}`);
  }
  if (asked.save) save();
}

/** All that one tool does, on a server that nobody used before. */
async function takeTurn(name, { source, count = false, note }) {
  const server = await startServer(asked.server);
  const proxy = count ? await startProxy(server.endpoint, join(folder, 'proxy-seen')) : undefined;
  const place = join(folder, 'turn');
  mkdirSync(place);
  try {
    const used = { ...server, endpoint: proxy?.endpoint ?? server.endpoint };
    const turn = new Turn({ tool: contestant(name, used), server: used, proxy, place, note, limit });
    if (files > 0) turn.shareFiles(join(source, 'data'));
    if (large > 0) turn.shareLarge(join(source, 'large.bin'));
  } finally {
    await proxy?.stop();
    await server.stop();
    rmSync(place, { recursive: true, force: true });
    settle();
  }
}

function noteTimes(round) {
  return (tool, task, { usage: { wall, cpu, peak } }) => {
    rows.push({ round, tool, task, wall, cpu, peak });
    const figures = `${wall.toFixed(2)} s wall, ${cpu.toFixed(2)} s CPU, ${peak.toFixed(0)} MB`;
    console.error(`${round} ${tool}: ${task}: ${figures}`);
  };
}

/** What the proxy saw; what ocrpipe says of itself must be the same. */
function noteCount(tool, task, { says, seen }) {
  if (seen === undefined || task.startsWith('add')) return;
  counts.push({ tool, task, ...seen });
  console.error(`counted ${tool}: ${task}: ${JSON.stringify(seen)}`);
  if (says !== undefined && (says.requests !== seen.requests || says.bytes !== seen.bytes)) {
    throw new Error(`${task}: ocrpipe says ${says.requests} requests, ${says.bytes} bytes`);
  }
}

function aboutThis() {
  const { versions, ...rest } = circumstances(asked.folder);
  const sdk = createRequire(import.meta.url)('@aws-sdk/client-s3/package.json').version;
  const peers = tools.filter((name) => programOf(name) !== undefined);
  const ofPeers = Object.fromEntries(peers.map((name) => [name, versionOf(name)]));
  return { ...rest, versions: { ...versions, sdk, ...ofPeers } };
}

function result() {
  return { ...about, server: asked.server, files, large, rounds, roundsOf, rows, counts, failures };
}

function save() {
  mkdirSync(asked.results, { recursive: true });
  const name = `${asked.server}-${files > 0 ? files : 'large'}.json`;
  writeFileSync(join(asked.results, name), `${JSON.stringify(result(), undefined, 2)}\n`);
}
