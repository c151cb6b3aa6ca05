// `npm run quickstart`: from a fresh clone to a trained recogniser. Installs what is missing, builds, brings this repository's
// own pipeline up to date, pushes what it made to a remote that is a folder, and shows what came out. Commits nothing.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, ensureInstalled, root, run } from './setup.mjs';

const ocrpipe = join(root, 'bin', 'run.js');
/** The remote of `.ocrstore/config.yaml`. */
const remote = join(root, '.cache', 'quickstart-remote');
/** How many read lines are shown. */
const SHOWN_LINES = 6;

ensureInstalled();
await build();
title('The pipeline: only what is stale runs');
run(process.execPath, [ocrpipe, 'repro']);
// A push makes no folder for a remote: one that is missing may be a share that is not mounted.
mkdirSync(remote, { recursive: true });
const [pushed, metrics] = await Promise.all([output('push'), output('metrics', 'show')]);
title(
  `The bytes of data and model, sent to a remote for the next machine (a folder, ${relative(root, remote)})`,
);
process.stdout.write(pushed);
title('How well it reads');
process.stdout.write(metrics);
showReadLines();
title('Where to look next');
console.log(`  params.yaml                    change a number (train.learningRate), then: node bin/run.js repro
  node bin/run.js status         what is stale, and why
  node bin/run.js metrics diff   how the numbers moved since the last commit
  examples/plates                the same pipeline for a folder of your own photos
  docs/tutorial.md               the whole story, with a colleague and S3`);

/** What a command prints; ends this process if it fails. */
function output(...args) {
  const child = spawn(process.execPath, [ocrpipe, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (code !== 0) process.exit(code ?? 1);
      resolve(Buffer.concat(chunks).toString());
    });
  });
}

function title(text) {
  console.log(`\n== ${text}`);
}

/** The first lines of every predictions.tsv below reports/. */
function showReadLines() {
  const reports = join(root, 'reports');
  if (!existsSync(reports)) return;
  const files = readdirSync(reports, { recursive: true }).map(String);
  for (const name of files.filter((file) => file.endsWith('predictions.tsv')).sort()) {
    const file = join(reports, name);
    title(`A few read lines (all of them: ${relative(root, file)})`);
    const rows = readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, SHOWN_LINES + 1);
    printColumns(rows.filter((row) => row !== '').map((row) => row.split('\t')));
  }
}

function printColumns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
}
