// Time of one CRNN training step on one thread and on two: our WebAssembly kernels, native TensorFlow, PyTorch, in turns.
//
//   node bench/train-step/run.mjs [--rounds 3] [--steps 5]      after: node scripts/build-modules.mjs
//
// PyTorch runs where OCRPIPE_BENCH_PYTHON names a Python that has it, native TensorFlow where OCRPIPE_TENSORFLOW_DIR does.
// CPU time (user + system) stands beside wall time: on a shared machine only the former compares.
// Writes bench/train-step/results.json and prints the table.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const rounds = option('--rounds', 3);
const steps = option('--steps', 5);
const SHAPES = [
  { batch: 32, width: 160 },
  { batch: 16, width: 640 },
];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const THREADS = [1, 2];
const threadsIn = (count) => ({
  OMP_NUM_THREADS: String(count),
  TF_NUM_INTRAOP_THREADS: String(count),
  TF_NUM_INTEROP_THREADS: '1',
  OCRPIPE_THREADS: String(count),
});

const node = (backend, extra = {}) => ({
  command: process.execPath,
  args: ({ batch, width }) => [here('step.mjs'), backend, String(batch), String(width), String(steps)],
  env: extra,
});
const python = process.env.OCRPIPE_BENCH_PYTHON;
const contestants = {
  pytorch: python && {
    command: python,
    args: ({ batch, width, threads }) =>
      [here('pytorch_step.py'), batch, width, steps, threads].map((value) => String(value)),
    env: {},
  },
  wasm: node('wasm'),
  'wasm, plain SIMD': node('wasm', { OCRPIPE_KERNEL_BUILD: 'plain-simd' }),
  tensorflow: process.env.OCRPIPE_TENSORFLOW_DIR && node('tensorflow'),
};

function measure({ command, args, env }, shape) {
  const result = spawnSync(command, args(shape), {
    env: { ...process.env, ...threadsIn(shape.threads), ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`${command} failed`);
  return JSON.parse(result.stdout);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const present = Object.entries(contestants).filter(([, contestant]) => contestant);
const rows = [];
for (const shape of SHAPES.flatMap((each) => THREADS.map((threads) => ({ ...each, threads })))) {
  const runs = Object.fromEntries(present.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, contestant] of present) runs[name].push(measure(contestant, shape));
  const of = (name, what) => median(runs[name].map((run) => run[what]));
  const ratio = (name, what) =>
    runs.pytorch ? Number((of(name, what) / of('pytorch', what)).toFixed(2)) : null;
  for (const [name] of present) {
    rows.push({
      ...shape,
      name,
      details: runs[name][0].details,
      cpuMs: of(name, 'cpuMs'),
      wallMs: of(name, 'wallMs'),
      peakMb: of(name, 'peakMb'),
      cpuAgainstPytorch: ratio(name, 'cpuMs'),
      wallAgainstPytorch: ratio(name, 'wallMs'),
      firstLoss: runs[name][0].firstLosses[0],
    });
  }
}
const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0].model,
  rounds,
  steps,
  rows,
};
writeFileSync(here('results.json'), `${JSON.stringify(report, null, 2)}\n`);
console.table(rows, [
  'batch',
  'width',
  'threads',
  'name',
  'cpuMs',
  'wallMs',
  'peakMb',
  'cpuAgainstPytorch',
  'wallAgainstPytorch',
  'firstLoss',
]);
