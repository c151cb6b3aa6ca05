// `node bench/train-step/sizes.mjs`: training steps of three usual kinds of recognisers at the sizes of pictures that they are used with, as `ocrpipe train`
// runs them on drawn lines, on one thread and two: a CRNN for lines 64 pixels high, an FCNN with LSTMs for plates stretched to 96x448, and
// an attention model for words 32 pixels high, padded to 200. A step costs what a longer training takes more than a shorter one; medians of three, in turns.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circumstances, measure, median, OCRPIPE } from '../measure.mjs';

const BATCH = 32;
const [FEW, MANY] = [2, 12];
const RUNS = 3;
const MODELS = {
  'crnn, 64 pixels high': { type: 'crnn', height: 64 },
  'fcnn-lstm, 96x448': { type: 'fcnn-lstm', height: 96, width: 448, outputLength: 24 },
  'attention, 32x200': { type: 'attention', height: 32, width: 200, fit: 'pad-then-squeeze' },
};

const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-sizes-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true });
});
const draw = [
  'synth',
  '--out',
  'lines',
  '--count',
  '256',
  '--seed',
  '1',
  '--length',
  '7..9',
  '--height',
  '64',
];
execFileSync(OCRPIPE[0], [OCRPIPE[1], ...draw], { cwd: folder, stdio: 'ignore' });
for (const [index, model] of Object.values(MODELS).entries())
  writeFileSync(
    join(folder, `${index}.yaml`),
    JSON.stringify({ model, train: { batchSize: BATCH, epochs: 1000, evaluateSteps: 1000 } }),
  );

function trained(index, threads, steps) {
  const data = ['--train', 'lines/labels.json', '--val', 'lines/labels.json', '--params', `${index}.yaml`];
  const words = ['train', ...data, '--out', 'model', '--max-steps', String(steps), '--no-resume', '--quiet'];
  const env = { OCRPIPE_THREADS: String(threads), OCRPIPE_BACKEND: 'wasm' };
  return measure([...OCRPIPE, ...words], { cwd: folder, env });
}

const about = circumstances(folder);
console.log(`commit ${about.commit}, Node ${about.node}, ${about.cpu}\n`);
console.log('| model | threads | CPU ms a step | wall ms a step | 1,000 batches, minutes |');
console.log('| --- | --- | --- | --- | --- |');
for (const [index, name] of Object.keys(MODELS).entries())
  for (const threads of [1, 2]) {
    const runs = Array.from({ length: RUNS }, () => {
      const [few, many] = [trained(index, threads, FEW), trained(index, threads, MANY)];
      const each = (figure) => (1000 * (many[figure] - few[figure])) / (MANY - FEW);
      return { cpu: each('cpu'), wall: each('wall') };
    });
    const [cpu, wall] = ['cpu', 'wall'].map((figure) => median(runs.map((run) => run[figure])));
    console.log(
      `| ${name} | ${threads} | ${cpu.toFixed(0)} | ${wall.toFixed(0)} | ${(wall / 60).toFixed(1)} |`,
    );
  }
