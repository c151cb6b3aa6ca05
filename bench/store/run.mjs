// `node bench/store/run.mjs [--files N] [--layout folders|flat] [--rounds N] [--tools ocrpipe,dvc,floor] [--large BYTES]
// [--folder DIR] [--no-stages] [--keep] [--save]`: what it costs to keep a licence-plate corpus (files of 2 to 4 KB) and one large file, beside DVC and the floors that no tool can
// beat: sha256sum, find, cp, git status. Every tool works on its own copy of the same data in a fresh folder; they take
// turns; everything is deleted at the end only, and with --keep left where it is said. Prints a table of medians; --save also keeps the raw figures in results/.
// `ocrpipe=NODE` among the tools is ocrpipe once more, on another Node. OCRPIPE_BENCH_DVC names the program `dvc` (3.67); without it DVC is left out and the table says so.
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, measure } from '../measure.mjs';
import {
  contestant,
  inFreshFolder,
  inTurn,
  newRecord,
  newWorkspace,
  removeData,
  save,
  settle,
  takingPart,
  timed,
} from './contestants.mjs';
import { writeFiles, writeLarge } from './data.mjs';
import { table } from './table.mjs';

const { values: asked } = parseArgs({
  options: {
    files: { type: 'string', default: '200000' },
    layout: { type: 'string', default: 'folders' },
    rounds: { type: 'string', default: '3' },
    tools: { type: 'string', default: 'ocrpipe,dvc,floor' },
    large: { type: 'string', default: '0' },
    folder: { type: 'string', default: tmpdir() },
    'no-stages': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const files = Number(asked.files);
const large = Number(asked.large);
const perFolder = asked.layout === 'flat' ? files : Math.ceil(files / 200);
const tools = takingPart(asked.tools);

const { rows, record } = newRecord();
// Removed as the last thing of all: a million files take longer to remove than all of the work.
inFreshFolder('store', asked, (folder) => {
  const data = join(folder, 'data');
  writeFiles(data, files, perFolder);
  const big = join(folder, 'large.bin');
  if (large > 0) writeLarge(big, large);
  for (let round = 1; round <= Number(asked.rounds); round += 1) {
    for (const name of inTurn(tools, round)) {
      const workspace = join(folder, `${tools.indexOf(name)}-${round}`);
      if (name === 'floor') floors({ round, data, workspace, big });
      else tasks({ round, data, workspace, big, tool: contestant(name) });
    }
  }
  report();
});

function report() {
  const result = {
    ...circumstances(asked.folder),
    files,
    layout: asked.layout,
    rounds: Number(asked.rounds),
    large,
    rows,
  };
  console.log(table(result));
  if (asked.save) save(`${asked.layout}-${files}`, result);
}

function tasks({ round, data, workspace, big, tool }) {
  const note = (task, usage) => record(round, tool.name, task, usage);
  newWorkspace(workspace, tool);
  if (files > 0) {
    execFileSync('cp', ['-r', data, join(workspace, 'data')]);
    settle();
    note('add, cold', timed(workspace, tool, 'add'));
    note('status, nothing changed', timed(workspace, tool, 'status'));
    note('add, nothing changed', timed(workspace, tool, 'add'));
    const one = execFileSync('sh', ['-c', 'find data -type f | sort | head -n 1'], { cwd: workspace });
    appendFileSync(join(workspace, one.toString().trim()), 'changed');
    note('status, one file changed', timed(workspace, tool, 'status'));
    note('add, one file changed', timed(workspace, tool, 'add'));
    removeData(workspace);
    settle();
    note('checkout, nothing there', timed(workspace, tool, 'checkout'));
    if (!asked['no-stages']) stages(workspace, tool, note);
    renameSync(join(workspace, 'data'), `${workspace}-done`);
  }
  if (existsSync(big)) {
    const other = `${workspace}-large`;
    newWorkspace(other, tool);
    cpSync(big, join(other, 'data'));
    settle();
    note('add a large file', timed(other, tool, 'add'));
  }
}

function stages(workspace, tool, note) {
  tool.pipeline(workspace);
  note('4 stages, first', timed(workspace, tool, 'repro'));
  note('4 stages, nothing to do', timed(workspace, tool, 'repro'));
}

function floors({ round, data, workspace, big }) {
  const note = (task, usage) => record(round, 'floor', task, usage);
  const sh = (script) => measure(['sh', '-c', script], { cwd: workspace });
  mkdirSync(workspace);
  if (files > 0) {
    execFileSync('cp', ['-r', data, join(workspace, 'data')]);
    settle();
    note(
      'sha256sum (xargs -P2)',
      sh('find data -type f -print0 | xargs -0 -P2 -n 500 sha256sum > /dev/null'),
    );
    note('find -printf', sh("find data -printf '%s %T@ %p\\n' > /dev/null"));
    note('cp -r', sh('cp -r data copy'));
    execFileSync('sh', ['-c', 'git init -q && git add data'], { cwd: workspace });
    sh('git status > /dev/null');
    note('git status', sh('git status > /dev/null'));
  }
  if (existsSync(big)) {
    cpSync(big, join(workspace, 'large'));
    settle();
    note(
      'sha256sum + cp of a large file',
      sh('sha256sum large > /dev/null && cp --reflink=never large copy.bin && sync copy.bin'),
    );
  }
}
