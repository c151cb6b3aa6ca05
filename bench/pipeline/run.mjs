// `node bench/pipeline/run.mjs [--stages N] [--square N] [--rounds N[,TOOL=N…]] [--tools ocrpipe,dvc,floor] [--folder DIR] [--keep]
// [--save] [--results DIR]`: what it costs to bring a pipeline of trivial stages up to date, beside DVC and the floor that no tool can beat, `sh -c` of
// the same commands in a loop: --stages of them in a chain and side by side, again with nothing to do, one stage with nothing to do, the plan of a matrix of
// --square by --square stages, and a diamond of eight stages that sleep two seconds each, on four slots. Every tool has a fresh folder for each shape; they take
// turns. A tool that needs minutes may take fewer rounds: `--rounds 3,dvc=1`; the table says so. Prints a table of medians and of what must be reached; --save also keeps the raw figures in
// results/, or in DIR. OCRPIPE_BENCH_DVC names the program `dvc` (3.67); without it DVC is left out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances } from '../measure.mjs';
import { inFreshFolder, inTurn, newRecord, settle, takingPart } from '../store/contestants.mjs';
import { contestant } from './contestants.mjs';
import { apart, chain, diamond } from './shapes.mjs';
import { table } from './table.mjs';

const { values: asked } = parseArgs({
  options: {
    stages: { type: 'string', default: '200' },
    square: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    tools: { type: 'string', default: 'ocrpipe,dvc,floor' },
    folder: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    results: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
});
const stages = Number(asked.stages);
const square = Number(asked.square);
const [rounds, roundsOf] = roundsAsked(asked.rounds);
const tools = takingPart(asked.tools);
const about = circumstances(asked.folder);
const { rows, record } = newRecord();

inFreshFolder('pipeline', asked, (folder) => {
  for (let round = 1; round <= rounds; round += 1) {
    const taking = tools.filter((name) => round <= (roundsOf[name] ?? rounds));
    for (const name of inTurn(taking, round)) takeTurn(contestant(name), { round, folder });
  }
});
console.log(table(result()));
if (asked.save) save();

/** What of `3,dvc=1` holds for all tools, and what for some. */
function roundsAsked(text) {
  const [all, ...some] = text.split(',');
  return [
    Number(all),
    Object.fromEntries(some.map((one) => one.split('=')).map(([name, n]) => [name, Number(n)])),
  ];
}

/** All that one tool does in one round, each shape in a workspace of its own. */
function takeTurn(tool, { round, folder }) {
  const fresh = (shape) => {
    const workspace = join(folder, `${tool.name}-${round}-${shape}`);
    tool.prepare(workspace);
    writeFileSync(join(workspace, 'seed.txt'), 'seed\n');
    settle();
    return workspace;
  };
  const note = (task, usage) => record(round, tool.name, task, usage);
  for (const [task, shape] of [
    ['chain', chain(stages)],
    ['side by side', apart(stages)],
  ]) {
    const workspace = fresh(task.replaceAll(' ', '-'));
    tool.write(workspace, shape);
    note(`${task}, first`, tool.run(workspace));
    if (tool.name !== 'floor') note(`${task}, nothing to do`, tool.run(workspace));
  }
  if (tool.name === 'floor') return;
  one(tool, fresh('one'), note);
  sleeping(tool, fresh('diamond'), note);
  if (tool.name === 'ocrpipe') plan(tool, fresh('matrix'), note);
}

function one(tool, workspace, note) {
  tool.write(workspace, chain(1));
  tool.run(workspace);
  settle();
  note('one stage, nothing to do', tool.run(workspace));
}

function sleeping(tool, workspace, note) {
  tool.write(workspace, diamond());
  note('diamond of 8 that sleep', tool.run(workspace, { args: ['--jobs', '4'] }));
}

function plan(tool, workspace, note) {
  tool.writeMatrix(workspace, square);
  note('plan of a matrix', tool.run(workspace, { args: ['--dry-run'] }));
}

function result() {
  return { ...about, stages, square, rounds, roundsOf, rows };
}

function save() {
  mkdirSync(asked.results, { recursive: true });
  writeFileSync(join(asked.results, `stages-${stages}.json`), `${JSON.stringify(result(), undefined, 2)}\n`);
}
