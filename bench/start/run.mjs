// `node bench/start/run.mjs [RUNS]`: what it costs to start the command line: `--version` beside an empty node, and `status` in a
// small workspace with a pipeline (50 tracked files, one stage). The commands take turns; medians.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circumstances, measure, median, OCRPIPE } from '../measure.mjs';

const FILES = 50;
const runs = Number(process.argv[2] ?? 11);
const commands = {
  'node -e 0': [process.execPath, '-e', '0'],
  'ocrpipe --version': [...OCRPIPE, '--version'],
  'ocrpipe status': [...OCRPIPE, 'status'],
};

const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-bench-start-'));
try {
  execFileSync('git', ['init', '-q'], { cwd: folder });
  mkdirSync(join(folder, 'data'));
  for (let index = 0; index < FILES; index += 1)
    writeFileSync(join(folder, 'data', `${index}.txt`), `${index}`);
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    'stages:\n  a: {run: wc data/1.txt > out, deps: [data], outs: [out]}\n',
  );
  for (const args of [['init'], ['add', 'data'], ['repro']]) {
    execFileSync(OCRPIPE[0], [OCRPIPE[1], ...args], { cwd: folder, stdio: 'ignore' });
  }
  const usages = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, command] of Object.entries(commands))
      usages[name].push(measure(command, { cwd: folder }));
  }
  report(usages);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report(usages) {
  const { commit, date, node, cpu } = circumstances();
  console.log(`commit ${commit}, ${date}, Node ${node}, ${cpu}, ${runs} runs\n`);
  console.log(
    '| command | wall s | CPU s | times an empty node (CPU) | peak MB |\n| --- | --- | --- | --- | --- |',
  );
  const of = (name, key) => median(usages[name].map((usage) => usage[key]));
  for (const name of Object.keys(commands)) {
    const cells = ['wall', 'cpu'].map((key) => of(name, key).toFixed(2));
    const times = (of(name, 'cpu') / of('node -e 0', 'cpu')).toFixed(1);
    console.log(`| \`${name}\` | ${cells.join(' | ')} | ${times} | ${Math.round(of(name, 'peak'))} |`);
  }
}
