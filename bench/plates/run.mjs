// `node bench/plates/run.mjs [SEED…]`: the recipe of examples/plates on the plates of ../shared/data/plates, once a seed (1, 2
// and 3 unless named): convert -> split -> train -> evaluate with the built command line, one thread of WebAssembly. Prints a
// table for bench/RESULTS.md: exact plates and CER on the test part, and user + system seconds of all its processes.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circumstances, measure, OCRPIPE } from '../measure.mjs';

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
  const [all, split, model] = ['all.jsonl', 'split', `model-${seed}`].map((name) => join(folder, name));
  const parts = ['--train', join(split, 'train.jsonl'), '--val', join(split, 'val.jsonl')];
  const metrics = join(folder, `test-${seed}.json`);
  const test = ['--data', join(split, 'test.jsonl'), '--out', join(folder, `report-${seed}`)];
  const seconds = [
    ['convert', data, '--out', all],
    ['split', all, '--out', split, '--share', SHARE, '--seed', SPLIT_SEED],
    ['train', ...parts, '--out', model, '--params', params, '--seed', String(seed), '--backend', 'wasm'],
    ['evaluate', '--model', model, ...test, '--metrics', metrics, '--backend', 'wasm'],
  ].reduce((sum, args) => sum + ocrpipe(...args), 0);
  const row = { seed, ...JSON.parse(readFileSync(metrics, 'utf8')), seconds };
  console.error(JSON.stringify(row));
  return row;
}

/** Runs a command; returns its seconds of CPU, user and system. */
function ocrpipe(...args) {
  return measure([...OCRPIPE, ...args], { cwd: folder }).cpu;
}

function report(rows) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const { commit, node } = circumstances();
  console.log(`commit ${commit}, Node ${node}, ${rows[0].count} test plates\n`);
  console.log('| seed | exact | CER | CPU seconds |\n| --- | --- | --- | --- |');
  for (const row of rows)
    console.log(`| ${row.seed} | ${percent(row.exact)} | ${percent(row.cer)} | ${row.seconds.toFixed(0)} |`);
  console.log(
    `| mean | ${percent(mean('exact'))} | ${percent(mean('cer'))} | ${mean('seconds').toFixed(0)} |`,
  );
}
