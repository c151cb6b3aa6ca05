// `node bench/plates/run.mjs [SEED…]`: the recipe of examples/plates on the plates of ../shared/data/plates, once a seed (1, 2
// and 3 unless named): convert -> split -> train -> evaluate with the built command line, one thread of WebAssembly. Prints a
// table for bench/RESULTS.md: exact plates and CER on the test part, and user + system seconds of all its processes.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(root, '..', 'shared', 'data', 'plates');
const params = join(root, 'examples', 'plates', 'params.yaml');
const SHARE = 'train=0.7,val=0.15,test=0.15';
/** Every model is trained and tested on this one split. */
const SPLIT_SEED = '7';

if (!existsSync(data)) {
  console.error(`skipped: the plates are not at ${data}`);
  process.exit(0);
}
const seeds = process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [1, 2, 3];
const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-plates-'));
try {
  report(seeds.map(runSeed));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runSeed(seed) {
  const before = childSeconds();
  const [all, split, model] = ['all.jsonl', 'split', `model-${seed}`].map((name) => join(folder, name));
  ocrpipe('convert', data, '--out', all);
  ocrpipe('split', all, '--out', split, '--share', SHARE, '--seed', SPLIT_SEED);
  const parts = ['--train', join(split, 'train.jsonl'), '--val', join(split, 'val.jsonl')];
  ocrpipe('train', ...parts, '--out', model, '--params', params, '--seed', String(seed), '--backend', 'wasm');
  const metrics = join(folder, `test-${seed}.json`);
  const test = ['--data', join(split, 'test.jsonl'), '--out', join(folder, `report-${seed}`)];
  ocrpipe('evaluate', '--model', model, ...test, '--metrics', metrics, '--backend', 'wasm');
  const row = { seed, ...JSON.parse(readFileSync(metrics, 'utf8')), seconds: childSeconds() - before };
  console.error(JSON.stringify(row));
  return row;
}

function ocrpipe(...args) {
  const timed = ['-c', 'times_file="$1"; shift; "$@" || exit; times > "$times_file"', 'sh', timesFile()];
  const result = spawnSync('sh', [...timed, process.execPath, join(root, 'bin', 'run.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`ocrpipe ${args[0]} failed`);
  writeFileSync(
    join(folder, 'seconds'),
    String(childSeconds() + parseTimes(readFileSync(timesFile(), 'utf8'))),
  );
}

function timesFile() {
  return join(folder, 'times');
}

/** User and system seconds of every command so far. */
function childSeconds() {
  const file = join(folder, 'seconds');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** The second line of the shell's `times` is what its children took: '1m2.50s 0m0.30s'. */
function parseTimes(text) {
  const words = text.split('\n')[1].split(' ');
  return words
    .map((word) => /(\d+)m([\d.]+)s/.exec(word))
    .reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
}

function report(rows) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const commit = execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  console.log(`commit ${commit}, Node ${process.versions.node}, ${rows[0].count} test plates\n`);
  console.log('| seed | exact | CER | CPU seconds |\n| --- | --- | --- | --- |');
  for (const row of rows)
    console.log(`| ${row.seed} | ${percent(row.exact)} | ${percent(row.cer)} | ${row.seconds.toFixed(0)} |`);
  console.log(
    `| mean | ${percent(mean('exact'))} | ${percent(mean('cer'))} | ${mean('seconds').toFixed(0)} |`,
  );
}
