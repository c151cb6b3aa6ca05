// Reading with a warm model beside PyTorch, one plate at a time and in batches, on one thread and two; and whole commands over 1,000 to 100,000 files.
//
//   node bench/predict/run.mjs [--rounds 3] [--most 100000]      after: npm run build
//
// The plates are those of ../shared/data/plates. PyTorch reads where OCRPIPE_BENCH_PYTHON names a Python that has it, files if it has Pillow as well;
// native TensorFlow where OCRPIPE_TENSORFLOW_DIR does. Writes bench/predict/results.json and prints its tables.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../scripts/build.mjs';
import '../../scripts/build-modules.mjs';
import { circumstances, median } from '../measure.mjs';
import { measureCommands } from './commands.mjs';

const here = (name) => join(import.meta.dirname, name);
const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const rounds = option('--rounds', 3);
const plates = here('../../../shared/data/plates');
if (!existsSync(plates)) {
  console.error(`skipped: the plates are not at ${plates}`);
  process.exit(0);
}
const python = process.env.OCRPIPE_BENCH_PYTHON;
const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-predict-'));
try {
  const { weights, images } = answer(process.execPath, [here('model.mjs'), folder, plates]);
  const warm = measureWarm();
  const files = readdirSync(plates).filter((name) => name.endsWith('.jpg'));
  const commands = await measureCommands(
    { folder, plates: files.sort().map((name) => join(plates, name)) },
    { rounds, most: option('--most', 100_000) },
  );
  const report = { ...circumstances(), weights, images, rounds, warm, commands };
  writeFileSync(here('results.json'), `${JSON.stringify(report, null, 2)}\n`);
  console.table(warm);
  console.table(commands.many);
  console.log(JSON.stringify({ ready: commands.ready, stop: commands.stop }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function contestants(threads) {
  const env = {
    OMP_NUM_THREADS: String(threads),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OCRPIPE_THREADS: String(threads),
  };
  const own = (backend) => () => answer(process.execPath, [here('reader.mjs'), backend, folder, plates], env);
  return {
    pytorch: python && (() => answer(python, [here('pytorch_reader.py'), folder, plates, threads], env)),
    wasm: own('wasm'),
    tensorflow: process.env.OCRPIPE_TENSORFLOW_DIR && own('tensorflow'),
  };
}

/** One row a contestant, case and number of threads. */
function measureWarm() {
  return [1, 2].flatMap((threads) => {
    const present = Object.entries(contestants(threads)).filter(([, run]) => run);
    const runs = Object.fromEntries(present.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round += 1) for (const [name, run] of present) runs[name].push(run());
    return present.flatMap(([name]) => rowsOf(name, threads, runs));
  });
}

function rowsOf(name, threads, runs) {
  const of = (who, what, key) => median(runs[who].map(({ cases }) => cases[what][key]));
  const { texts } = runs[name][0];
  const sameTexts = runs.pytorch && texts.filter((text, at) => text === runs.pytorch[0].texts[at]).length;
  return Object.keys(runs[name][0].cases).map((what) => {
    const known = runs.pytorch?.[0].cases[what] !== undefined;
    const against = (key) => (known ? round2(of('pytorch', what, key) / of(name, what, key)) : null);
    return {
      ...{ what, threads, name, details: runs[name][0].details },
      wallMs: round2(of(name, what, 'wallMs')),
      cpuMs: round2(of(name, what, 'cpuMs')),
      perSecond: Math.round(1000 / of(name, what, 'wallMs')),
      speedAgainstPytorch: against('wallMs'),
      cpuSpeedAgainstPytorch: against('cpuMs'),
      peakMb: median(runs[name].map(({ peakMb }) => peakMb)),
      sameTexts,
    };
  });
}

function answer(command, args, env = {}) {
  const result = spawnSync(
    command,
    args.map((value) => String(value)),
    {
      env: { ...process.env, ...env },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return JSON.parse(result.stdout);
}

function round2(value) {
  return Math.round(100 * value) / 100;
}
