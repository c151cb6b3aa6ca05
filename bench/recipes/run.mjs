// `node bench/recipes/run.mjs [first-model|plates|fraktur|vietnamese[/VARIANT] [SEED…]]`: a recipe of examples/ as it stands, or with its VARIANT.yaml in place of
// params.yaml (unless named, each that draws its data or has some), on the data of that name in ../shared/data, once a
// seed (1, 2 and 3 unless named): `ocrpipe repro` in a fresh workspace, with one thread of WebAssembly. Prints a table for
// bench/RESULTS.md: exact lines and CER on the test part, and user + system seconds of all processes of `repro`; where several models read together, those of each alone, too. Fonts that a recipe
// draws with are taken from the node_modules of OCRPIPE_BENCH_FONTS. `--save` keeps the curves in bench/recipes/results,
// `--keep` the workspaces, and says where they are.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { circumstances, measure, OCRPIPE } from '../measure.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const results = join(root, 'bench', 'recipes', 'results');
const words = process.argv.slice(2);
const [asked, ...seedsAsked] = words.filter((word) => !word.startsWith('--'));
const seeds = seedsAsked.length > 0 ? seedsAsked.map(Number) : [1, 2, 3];
/** The data of a recipe whose name is not that of its data. */
const LENT = { 'first-model': 'plates' };
const dataOf = (name) => join(root, '..', 'shared', 'data', LENT[name] ?? name);
const drawsAll = (name) =>
  !readFileSync(join(root, 'examples', name, 'pipeline.yaml'), 'utf8').includes('data/raw');
const [recipe, variant] = asked?.split('/') ?? [];
const known = readdirSync(join(root, 'examples')).filter(
  (name) => drawsAll(name) || existsSync(dataOf(name)),
);
if (recipe !== undefined && !known.includes(recipe))
  throw new Error(`no recipe '${recipe}' with data: ${known.join(', ')}`);
if (!existsSync(dataOf('')))
  console.error(`skipped: recipes for photos and scans, as there is no data in ${dataOf('')}`);
for (const name of recipe === undefined ? known : [recipe]) {
  report(
    [name, ...(variant === undefined ? [] : [variant])].join('-'),
    seeds.map((seed) => runSeed({ name, data: dataOf(name), seed })),
  );
}

function runSeed({ name, data, seed }) {
  const folder = mkdtempSync(join(tmpdir(), `ocrpipe-bench-${name}-`));
  try {
    workspace(folder, { name, data, seed });
    const env = commands(folder);
    const { cpu, wall } = measure([...OCRPIPE, 'repro'], { cwd: folder, env, limit: 14_400 });
    const figures = JSON.parse(readFileSync(join(folder, 'reports/test.json'), 'utf8'));
    const members = membersAlone(folder, { ...process.env, ...env });
    const row = { seed, ...figures, ...(members.length > 1 ? { members } : {}), cpu, wall };
    console.error(JSON.stringify(row));
    const curves = readdirSync(join(folder, 'reports')).filter((name) => name.startsWith('history'));
    const [curve, ...others] = curves.sort().map((name) => curveIn(join(folder, 'reports', name)));
    return { ...row, curve, ...(others.length > 0 ? { others } : {}) };
  } finally {
    if (words.includes('--keep')) console.error(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** The flags of each member of a recipe, with seeds of their own for each `seed` of the bench. */
function withSeeds(members, seed) {
  if (members === undefined) return undefined;
  const moved = (flags) =>
    flags.replace(/--seed (\d+)/, (_, own) => `--seed ${Number(own) + 10 * (seed - 1)}`);
  return Object.fromEntries(Object.entries(members).map(([name, flags]) => [name, moved(flags)]));
}

function curveIn(file) {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The figures of each model of the folder that the recipe evaluates, read with alone. */
function membersAlone(folder, env) {
  const [, evaluated] = /evaluate --model (\S+)/.exec(readFileSync(join(folder, 'pipeline.yaml'), 'utf8'));
  const models = readdirSync(join(folder, evaluated))
    .map((name) => join(evaluated, name))
    .filter((model) => existsSync(join(folder, model, 'ocrpipe.json')));
  if (models.length < 2) return [];
  return models.sort().map((model) => {
    const words = [
      'evaluate',
      '--json',
      '--model',
      model,
      '--data',
      'data/split/test.jsonl',
      '--out',
      'alone',
    ];
    const { exact, cer } = JSON.parse(
      execFileSync(OCRPIPE[0], [OCRPIPE[1], ...words], { cwd: folder, env, encoding: 'utf8' }),
    );
    return { model, exact, cer };
  });
}

function workspace(folder, { name, data, seed }) {
  const inside = { cwd: folder, stdio: 'ignore' };
  execFileSync('git', ['init', '-q'], inside);
  execFileSync(OCRPIPE[0], [OCRPIPE[1], 'init'], inside);
  cpSync(join(root, 'examples', name), folder, { recursive: true });
  const params = join(folder, 'params.yaml');
  const values = parse(
    readFileSync(variant === undefined ? params : join(folder, `${variant}.yaml`), 'utf8'),
  );
  const members = withSeeds(values.members, seed);
  writeFileSync(
    params,
    stringify({ ...values, train: { ...values.train, seed }, ...(members && { members }) }),
  );
  const fonts = process.env.OCRPIPE_BENCH_FONTS;
  if (fonts) symlinkSync(join(fonts, 'node_modules'), join(folder, 'node_modules'));
  if (drawsAll(name)) return;
  mkdirSync(join(folder, 'data'), { recursive: true });
  cpSync(data, join(folder, 'data', 'raw'), { recursive: true });
  execFileSync(OCRPIPE[0], [OCRPIPE[1], 'add', 'data/raw'], inside);
}

/** Stages call `ocrpipe` by name: that of this checkout. */
function commands(folder) {
  const bin = join(folder, '.git', 'bench-bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ocrpipe'), `#!/bin/sh\nexec '${OCRPIPE[0]}' '${OCRPIPE[1]}' "$@"\n`, {
    mode: 0o755,
  });
  return { PATH: `${bin}:${process.env.PATH}`, OCRPIPE_THREADS: '1', OCRPIPE_BACKEND: 'wasm' };
}

function report(name, rows) {
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const about = circumstances();
  console.log(`${name}: commit ${about.commit}, Node ${about.node}, ${rows[0].count} test lines\n`);
  console.log('| seed | exact | CER | CPU seconds |\n| --- | --- | --- | --- |');
  const line = (label, of) =>
    console.log(`| ${label} | ${percent(of('exact'))} | ${percent(of('cer'))} | ${of('cpu').toFixed(0)} |`);
  for (const row of rows) line(row.seed, (key) => row[key]);
  line('mean', mean);
  if (!words.includes('--save')) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify({ ...about, rows }, undefined, 1)}\n`);
}
