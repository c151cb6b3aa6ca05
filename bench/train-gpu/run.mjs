// Images a second of training on a GPU, and the largest batch that fits: WebGPU, native TensorFlow, WebAssembly, PyTorch.
//
//   node bench/train-gpu/run.mjs [--steps 20] [--rounds 3] [--most 8192] [--out results.json]     after: node scripts/build-modules.mjs
//
// WebGPU runs where OCRPIPE_WEBGPU_DIR (or the project) has its packages and a GPU is in reach, native TensorFlow where
// OCRPIPE_TENSORFLOW_DIR does, PyTorch where OCRPIPE_BENCH_PYTHON (or python3) has it, on CUDA where it can. What cannot run is
// said and left out. Each measurement is a process of its own, in turns. `pack.mjs` makes one file for a machine that has nothing.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : process.argv[at + 1];
};
const steps = Number(option('--steps', 20));
const rounds = Number(option('--rounds', 3));
const mostImages = Number(option('--most', 8192));
const SHAPES = [
  { batch: 32, width: 160 },
  { batch: 256, width: 160 },
  { batch: 16, width: 640 },
];
const TIMEOUT_MS = 180_000;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.OCRPIPE_BENCH_PYTHON ?? 'python3';

const onNode = (backend) => ({
  command: process.execPath,
  args: ({ batch, width, count }) => [here('../train-step/step.mjs'), backend, batch, width, count],
});
const onPyTorch = (device) => ({
  command: python,
  args: ({ batch, width, count }) => [
    here('../train-step/pytorch_step.py'),
    batch,
    width,
    count,
    availableParallelism(),
    device,
  ],
});
const contestants = {
  webgpu: onNode('webgpu'),
  tensorflow: onNode('tensorflow'),
  wasm: onNode('wasm'),
  'pytorch cuda': onPyTorch('cuda'),
  'pytorch cpu': onPyTorch('cpu'),
};

/** What one process printed, or why it failed. */
function measure({ command, args }, shape) {
  const words = args(shape).map(String);
  const result = spawnSync(command, words, { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (result.status === 0) return JSON.parse(result.stdout.trim().split('\n').at(-1));
  const lines = `${result.stderr ?? ''}${result.error ?? ''}`.split('\n');
  return {
    failed: lines.find((line) => /error/i.test(line)) ?? `ended with ${result.status ?? result.signal}`,
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const imagesPerSecond = (batch, runs) => Math.round((1000 * batch) / median(runs.map((run) => run.wallMs)));

const smallest = { batch: 4, width: 64, count: 1 };
const present = Object.entries(contestants).filter(([name, contestant]) => {
  const { failed, details } = measure(contestant, smallest);
  console.log(failed === undefined ? `${name}: ${details}` : `${name} is left out: ${failed}`);
  return failed === undefined;
});

const rows = [];
for (const shape of SHAPES) {
  const runs = Object.fromEntries(present.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, contestant] of present)
      runs[name].push(measure(contestant, { ...shape, count: steps }));
  for (const [name] of present) {
    const bad = runs[name].find((run) => run.failed !== undefined);
    rows.push(
      bad !== undefined
        ? { ...shape, name, failed: bad.failed }
        : {
            ...shape,
            name,
            details: runs[name][0].details,
            wallMs: median(runs[name].map((run) => run.wallMs)),
            cpuMs: median(runs[name].map((run) => run.cpuMs)),
            imagesPerSecond: imagesPerSecond(shape.batch, runs[name]),
            firstLoss: runs[name][0].firstLosses[0],
          },
    );
  }
}
console.table(rows, ['batch', 'width', 'name', 'wallMs', 'cpuMs', 'imagesPerSecond', 'firstLoss', 'failed']);

/** Doubles the batch until it fails, on what has a GPU. */
const largest = present
  .filter(([name]) => name !== 'wasm' && name !== 'pytorch cpu')
  .map(([name, contestant]) => {
    let fits;
    for (let batch = 64; batch <= mostImages; batch *= 2) {
      const run = measure(contestant, { batch, width: 160, count: 3 });
      if (run.failed !== undefined) return { name, width: 160, ...fits, then: run.failed };
      fits = { batch, imagesPerSecond: imagesPerSecond(batch, [run]) };
    }
    return { name, width: 160, ...fits, then: 'no larger one was tried' };
  });
console.table(largest);

const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0].model,
  rounds,
  steps,
  rows,
  largest,
};
writeFileSync(option('--out', here('results.json')), `${JSON.stringify(report, null, 2)}\n`);
