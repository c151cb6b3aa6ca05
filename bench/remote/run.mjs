// `node bench/remote/run.mjs [--files N] [--large BYTES] [--rounds N] [--tools ocrpipe,dvc,s5cmd,aws,rclone,floor] [--count TOOLS]
// [--server seaweedfs|versitygw] [--folder DIR] [--save]`: what it costs to share a corpus of licence plates (files of 2 to 4 KB, 200 in
// each folder) and one large file through an S3 server on loopback, beside the tools that send a request for each file, and floors
// that no tool can beat: the same bytes as one object, sent and fetched by the SDK alone, and `cp -r`. Every tool works on its own copy of
// the same data against a server of its own, started empty; they take turns, and what each brought back is compared with what was
// sent. --count TOOLS runs these once more through a proxy that counts requests and bytes, and holds ocrpipe to what it says of
// itself; the times of that round are not kept. Prints a table of medians; --save also keeps the raw figures in results/.
// `node bench/remote/peers.mjs` installs the peers. Needs some 3 GB of disk for each 200,000 files, and three times the large file.
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
    folder: { type: 'string', default: tmpdir() },
    save: { type: 'boolean', default: false },
  },
});
// Nothing is encrypted here: the certificates that this machine trusts need not be read.
delete process.env.AWS_CA_BUNDLE;
const files = Number(asked.files);
const large = Number(asked.large);
const tools = takingPart(asked.tools);
const counted = asked.count === '' ? [] : takingPart(asked.count);
const [rows, counts] = [[], []];

const folder = mkdtempSync(join(asked.folder, 'ocrpipe-bench-remote-'));
try {
  const source = join(folder, 'source');
  mkdirSync(source);
  if (files > 0) writeFiles(join(source, 'data'), files, PER_FOLDER);
  if (large > 0) writeLarge(join(source, 'large.bin'), large);
  for (const name of counted) await takeTurn(name, { source, count: true, note: noteCount });
  for (let round = 1; round <= Number(asked.rounds); round += 1) {
    for (const name of inTurn(tools, round)) await takeTurn(name, { source, note: noteTimes(round) });
  }
  report();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** All that one tool does, on a server that nobody used before. */
async function takeTurn(name, { source, count = false, note }) {
  const server = await startServer(asked.server);
  const proxy = count ? await startProxy(server.endpoint, join(folder, 'proxy-seen')) : undefined;
  const place = join(folder, 'turn');
  mkdirSync(place);
  try {
    const used = { ...server, endpoint: proxy?.endpoint ?? server.endpoint };
    const turn = new Turn({ tool: contestant(name, used), server: used, proxy, place, note });
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

function report() {
  const { versions, ...rest } = circumstances(asked.folder);
  const sdk = createRequire(import.meta.url)('@aws-sdk/client-s3/package.json').version;
  const peers = tools.filter((name) => programOf(name) !== undefined);
  const result = {
    ...rest,
    versions: { ...versions, sdk, ...Object.fromEntries(peers.map((name) => [name, versionOf(name)])) },
    server: asked.server,
    files,
    large,
    rounds: Number(asked.rounds),
    rows,
    counts,
  };
  console.log(table(result));
  if (!asked.save) return;
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  const name = `${asked.server}-${files}.json`;
  writeFileSync(join(results, name), `${JSON.stringify(result, undefined, 2)}\n`);
}
