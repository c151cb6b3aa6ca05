// `node bench/loading/training.mjs [COUNT…]`: what `ocrpipe train` costs with 1,000 to 200,000 images (or those counts): drawn lines, and hard
// links to them under further names. The default model, one thread that computes and two that read, 100 steps of 32 images; three runs of
// each count in turns, medians. CPU of the check of all images is that of `train --check` by itself, when nothing is remembered of them.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circumstances, measureSaying, median, OCRPIPE } from '../measure.mjs';

const DRAWN = 1000;
const STEPS = 100;
const BATCH = 32;
const RUNS = 3;

const asked = process.argv.slice(2).map(Number);
const counts = asked.length > 0 ? asked : [1000, 20_000, 200_000];
const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-training-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true });
});
const ocrpipe = (words) => {
  execFileSync(OCRPIPE[0], [OCRPIPE[1], ...words], { cwd: folder, stdio: 'ignore' });
};
ocrpipe(['synth', '--out', 'drawn', '--count', String(DRAWN), '--seed', '1', '--length', '5..10']);
ocrpipe(['synth', '--out', 'val', '--count', '32', '--seed', '2', '--length', '5..10']);
const lines = Object.entries(JSON.parse(readFileSync(join(folder, 'drawn/labels.json'), 'utf8')));
writeFileSync(join(folder, 'params.yaml'), `train: { batchSize: ${BATCH}, epochs: 100000 }\n`);

/** A manifest of so many images, each a file name of its own. */
function manifestOf(count) {
  mkdirSync(join(folder, 'lines'), { recursive: true });
  const entries = Array.from({ length: count }, (_, number) => {
    const [name, text] = lines[number % lines.length];
    const image = `lines/${number}.png`;
    try {
      linkSync(join(folder, 'drawn', name), join(folder, image));
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    return JSON.stringify({ image, text });
  });
  const file = `${count}.jsonl`;
  writeFileSync(join(folder, file), entries.map((entry) => `${entry}\n`).join(''));
  return file;
}

function trained(count, run, flags) {
  const words = [
    'train',
    '--train',
    `${count}.jsonl`,
    '--val',
    'val/labels.json',
    '--out',
    `models/${count}-${run}`,
  ];
  const env = {
    OCRPIPE_THREADS: '1',
    OCRPIPE_BACKEND: 'wasm',
    XDG_CACHE_HOME: join(folder, 'cache', String(count)),
  };
  const command = [...OCRPIPE, ...words, '--loaders', '2', '--json', ...flags];
  const { stdout, ...costs } = measureSaying(command, { cwd: folder, env });
  return { ...JSON.parse(stdout), ...costs };
}

const about = circumstances(folder);
console.log(`commit ${about.commit}, Node ${about.node}, ${about.cpu}\n`);
const rows = counts.map((count) => {
  manifestOf(count);
  return { count, check: trained(count, 'check', ['--check']), runs: [] };
});
for (let run = 0; run < RUNS; run += 1)
  for (const { count, runs } of rows)
    runs.push(trained(count, run, ['--max-steps', String(STEPS), '--no-resume']));
console.log(
  '| images | check, CPU ms an image | training, CPU ms an image | waiting for images | peak memory, MB |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const { count, check, runs } of rows) {
  // What a training of the same images costs before its first step, when it remembers them.
  const again = trained(count, 'again', ['--check']);
  const of = (figure) => median(runs.map(figure));
  const each = of(({ cpu }) => (1000 * (cpu - again.cpu)) / (STEPS * BATCH));
  const waiting = of(({ waitShare }) => 100 * waitShare);
  console.log(
    `| ${count.toLocaleString('en')} | ${((1000 * check.cpu) / count).toFixed(2)} | ${each.toFixed(1)} | ${waiting.toFixed(1)} % | ${of(({ peak }) => peak).toFixed(0)} |`,
  );
}
