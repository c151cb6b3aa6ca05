// `node bench/model-types/run.mjs [SEED…] [--share 0.01]`: which type of model reads best after the same CPU time. Each learns from the plates of
// ../shared/data as in examples/first-model, with one thread of WebAssembly, for as many steps as take about 260 s of CPU. Prints a table for
// bench/RESULTS.md: CPU seconds, and exact lines on the validation part, with its mean over the seeds (1, 2 and 3 unless named). `--share` of the steps tries the script.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { circumstances, measure, OCRPIPE } from '../measure.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(root, '../shared/data/plates');
const small = { height: 24, widthStride: 4 };
const separable = {
  ...small,
  type: 'mixer',
  kernelSize: 3,
  expansion: 2,
  innerDim: 96,
  depth: 1,
  dropout: 0.1,
};
const MODELS = [
  {
    steps: 3700,
    model: { ...small, type: 'crnn', filters: [32, 64, 128, 128], innerDim: 128, units: 96, dropout: 0.2 },
  },
  { steps: 3250, model: { ...separable, filters: [24, 48, 64, 96], blocks: [0, 1, 1, 1] } },
  { steps: 2700, model: { ...separable, filters: [32, 64, 128, 128], blocks: [0, 0, 1, 1] } },
  {
    steps: 3700,
    model: {
      ...{ type: 'fcnn-lstm', height: 24, width: 96, outputLength: 24, filters: [16, 32, 48, 64, 96] },
      ...{ units: 64, dropout: 0.2 },
    },
  },
];

const words = process.argv.slice(2);
const at = words.indexOf('--share');
const share = at < 0 ? 1 : Number(words[at + 1]);
const seedsAsked = (at < 0 ? words : words.slice(0, at)).map(Number);
const seeds = seedsAsked.length > 0 ? seedsAsked : [1, 2, 3];
if (existsSync(data)) compare();
else console.error(`skipped: there are no plates in ${data}`);

function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-types-'));
  const inside = { cwd: folder, stdio: 'ignore' };
  try {
    execFileSync(OCRPIPE[0], [OCRPIPE[1], 'convert', data, '--out', 'all.jsonl'], inside);
    const parts = ['--share', 'train=0.7,val=0.15,test=0.15', '--seed', '7'];
    execFileSync(OCRPIPE[0], [OCRPIPE[1], 'split', 'all.jsonl', '--out', 'split', ...parts], inside);
    const rows = MODELS.map((each) => ({ ...each, runs: seeds.map((seed) => learn(folder, each, seed)) }));
    print(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function learn(folder, { model, steps }, seed) {
  const params = parse(readFileSync(join(root, 'examples/first-model/params.yaml'), 'utf8'));
  const maxSteps = Math.ceil(steps * share);
  const train = { ...params.train, maxSteps, evaluateSteps: Math.ceil(maxSteps / 20) };
  writeFileSync(join(folder, 'params.yaml'), stringify({ ...params, model, train }));
  const parts = ['--train', 'split/train.jsonl', '--val', 'split/val.jsonl'];
  const command = [
    ...OCRPIPE,
    'train',
    ...parts,
    '--out',
    'model',
    '--metrics',
    'best.json',
    '--seed',
    `${seed}`,
  ];
  const env = { OCRPIPE_THREADS: '1', OCRPIPE_BACKEND: 'wasm' };
  rmSync(join(folder, 'model'), { recursive: true, force: true });
  const { cpu } = measure(command, { cwd: folder, env, limit: 3600 });
  const { exact, cer } = JSON.parse(readFileSync(join(folder, 'best.json'), 'utf8'));
  console.error(JSON.stringify({ type: model.type, seed, exact, cer, cpu }));
  return { exact, cer, cpu };
}

function print(rows) {
  const { commit, node } = circumstances();
  console.log(`commit ${commit}, Node ${node}\n`);
  console.log(
    '| type | filters | steps | CPU seconds | exact, each seed | mean |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const { model, steps, runs } of rows) {
    const mean = (key) => runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
    const each = runs.map(({ exact }) => `${(100 * exact).toFixed(1)}`).join(', ');
    console.log(
      `| ${model.type} | ${model.filters.join(', ')} | ${steps} | ${mean('cpu').toFixed(0)} | ${each} | ${(100 * mean('exact')).toFixed(1)} % |`,
    );
  }
}
