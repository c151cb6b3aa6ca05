// Time of one CRNN training step on one thread: our WebAssembly kernels, native TensorFlow, PyTorch, in turns.
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
const oneThread = { OMP_NUM_THREADS: '1', TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1' };

const node = (backend, extra = {}) => ({
  command: process.execPath,
  args: ({ batch, width }) => [here('step.mjs'), backend, String(batch), String(width), String(steps)],
  env: extra,
});
const python = process.env.OCRPIPE_BENCH_PYTHON;
const contestants = {
  pytorch: python && {
    command: python,
    args: ({ batch, width }) => [here('pytorch_step.py'), String(batch), String(width), String(steps), '1'],
    env: {},
  },
  wasm: node('wasm'),
  'wasm, plain SIMD': node('wasm', { OCRPIPE_KERNEL_BUILD: 'plain-simd' }),
  tensorflow: process.env.OCRPIPE_TENSORFLOW_DIR && node('tensorflow'),
};

function measure({ command, args, env }, shape) {
  const result = spawnSync(command, args(shape), {
    env: { ...process.env, ...oneThread, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`${command} failed`);
  return JSON.parse(result.stdout);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const present = Object.entries(contestants).filter(([, contestant]) => contestant);
const rows = [];
for (const shape of SHAPES) {
  const runs = Object.fromEntries(present.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, contestant] of present) runs[name].push(measure(contestant, shape));
  const cpuOf = (name) => median(runs[name].map(({ cpuMs }) => cpuMs));
  for (const [name] of present) {
    rows.push({
      ...shape,
      name,
      details: runs[name][0].details,
      cpuMs: cpuOf(name),
      wallMs: median(runs[name].map(({ wallMs }) => wallMs)),
      peakMb: median(runs[name].map(({ peakMb }) => peakMb)),
      cpuAgainstPytorch: runs.pytorch ? Number((cpuOf(name) / cpuOf('pytorch')).toFixed(2)) : null,
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
  'name',
  'cpuMs',
  'wallMs',
  'peakMb',
  'cpuAgainstPytorch',
  'firstLoss',
]);
