// `node bench/store/scaling.mjs [--files 20000,200000,2000000] [--rounds N] [--folder DIR] [--keep] [--save]`: whether the cost of a file stays the
// same from thousands of files to millions. Files of 64 bytes in folders of 1,000, so that their number is what costs; every round
// has a fresh workspace. Prints medians for each file; --save also keeps the raw figures in results/.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, measure } from '../measure.mjs';
import { contestant, inFreshFolder, newRecord, newWorkspace, save, settle, timed } from './contestants.mjs';
import { table } from './table.mjs';

const PER_FOLDER = 1000;
const FILE_BYTES = 64;

const { values: asked } = parseArgs({
  options: {
    files: { type: 'string', default: '20000,200000,2000000' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const sizes = asked.files.split(',').map(Number);
const tool = contestant('ocrpipe');
const { rows, record } = newRecord();
inFreshFolder('scaling', asked, (folder) => {
  for (const files of sizes) {
    const data = join(folder, `data-${files}`);
    writeTinyFiles(data, files);
    for (let round = 1; round <= Number(asked.rounds); round += 1) {
      oneRound({ round, files, data, workspace: join(folder, `workspace-${files}-${round}`) });
    }
  }
  const result = { ...circumstances(asked.folder), rounds: Number(asked.rounds), rows };
  console.log(table(result));
  if (asked.save) save('scaling', result);
});

function oneRound({ round, files, data, workspace }) {
  newWorkspace(workspace, tool);
  const here = join(workspace, 'data');
  renameSync(data, here);
  settle();
  const note = (task, usage) => record(round, tool.name, task, { ...usage, files });
  note('find -printf', measure(['find', 'data', '-printf', '%s %T@ %p\n'], { cwd: workspace }));
  note('add, cold', timed(workspace, tool, 'add'));
  note('status, nothing changed', timed(workspace, tool, 'status'));
  note('add, nothing changed', timed(workspace, tool, 'add'));
  appendFileSync(join(here, '00000', '0.txt'), `changed ${round}`);
  note('add, one file changed', timed(workspace, tool, 'add'));
  renameSync(here, data);
}

function writeTinyFiles(into, files) {
  for (let index = 0; index < files; index += 1) {
    const below = join(into, String(Math.floor(index / PER_FOLDER)).padStart(5, '0'));
    if (index % PER_FOLDER === 0) mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `${index % PER_FOLDER}.txt`), String(index).padEnd(FILE_BYTES, '.'));
  }
  execFileSync('sync');
}
