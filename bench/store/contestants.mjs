import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { measure, OCRPIPE } from '../measure.mjs';

/** The stages of the pipeline: each depends on all the data and does next to nothing. */
const STAGES = ['a', 'b', 'c', 'd'];

/** What a workspace must do, by the tool that does it. */
class Ocrpipe {
  /** `node` is the program that runs it. */
  constructor(name, node) {
    const program = [node, OCRPIPE[1]];
    this.name = name;
    this.program = program;
    this.commands = {
      add: [...program, 'add', 'data'],
      status: [...program, 'status'],
      checkout: [...program, 'checkout'],
      repro: [...program, 'repro'],
    };
  }
  prepare(workspace) {
    run(workspace, ...this.program, 'init');
  }
  pipeline(workspace) {
    const stages = STAGES.map(
      (name) => `  ${name}: {run: date > ${name}.txt, deps: [data], outs: [${name}.txt]}`,
    );
    writeFileSync(join(workspace, 'pipeline.yaml'), `stages:\n${stages.join('\n')}\n`);
  }
  env = {};
}

class Dvc {
  name = 'dvc';
  constructor(program) {
    this.commands = {
      add: [program, 'add', '-q', 'data'],
      status: [program, 'status'],
      checkout: [program, 'checkout', '-q'],
      repro: [program, 'repro', '-q'],
    };
    this.program = program;
  }
  env = { DVC_NO_ANALYTICS: '1' };
  prepare(workspace) {
    execFileSync(this.program, ['init', '-q'], { cwd: workspace, env: { ...process.env, ...this.env } });
  }
  pipeline(workspace) {
    const stages = STAGES.map(
      (name) => `  ${name}:\n    cmd: date > ${name}.txt\n    deps: [data]\n    outs: [${name}.txt]`,
    );
    writeFileSync(join(workspace, 'dvc.yaml'), `stages:\n${stages.join('\n')}\n`);
  }
}

/** Those of the tools asked for (`a,b,…`) that can take part: DVC only where OCRPIPE_BENCH_DVC names its program, else a warning says so. */
export function takingPart(asked) {
  const names = asked.split(',');
  if (!names.includes('dvc') || dvcProgram() !== undefined) return names;
  console.error('OCRPIPE_BENCH_DVC is not set: without DVC');
  return names.filter((name) => name !== 'dvc');
}

/** The tool of that name, which is not the floor: `dvc`, `ocrpipe`, or `ocrpipe=NODE` for ocrpipe on another Node than this one. */
export function contestant(name) {
  if (name === 'dvc') return new Dvc(dvcProgram());
  const [, node] = name.split('=');
  if (node === undefined) return new Ocrpipe(name, process.execPath);
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  return new Ocrpipe(`ocrpipe on Node ${version.slice(1)}`, node);
}

/** Every other round in the other order: no tool always meets the disk that another left behind. */
export function inTurn(names, round) {
  return round % 2 === 1 ? names : names.toReversed();
}

/**
 * Does `work(folder)` in a fresh folder below `inside`, which is removed afterwards, also when it fails, unless `keep` says to leave it: taking
 * away gigabytes or millions of files slows ext4 for minutes after.
 */
export function inFreshFolder(name, { folder: inside, keep }, work) {
  const folder = mkdtempSync(join(inside, `ocrpipe-bench-${name}-`));
  try {
    work(folder);
  } finally {
    if (keep) console.error(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** What others wrote is on disk before the clock starts. */
export function settle() {
  execFileSync('sync');
}

/** A list of what was measured, and what adds to it and says so. */
export function newRecord() {
  const rows = [];
  const record = (round, tool, task, usage) => {
    rows.push({ round, tool, task, ...usage });
    const { wall, cpu, peak } = usage;
    console.error(
      `${round} ${tool}: ${task}: ${wall.toFixed(2)} s wall, ${cpu.toFixed(2)} s CPU, ${peak.toFixed(0)} MB`,
    );
  };
  return { rows, record };
}

/** Keeps raw figures in results/NAME.json. */
export function save(name, result) {
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

function dvcProgram() {
  return process.env.OCRPIPE_BENCH_DVC;
}

/** A new git workspace of a tool, in a folder that was not there. */
export function newWorkspace(folder, tool) {
  mkdirSync(folder);
  run(folder, 'git', 'init', '-q');
  run(folder, 'git', 'config', 'user.email', 'bench@example.com');
  run(folder, 'git', 'config', 'user.name', 'bench');
  tool.prepare(folder);
}

export function timed(workspace, tool, verb) {
  return measure(tool.commands[verb], { cwd: workspace, env: tool.env });
}

export function removeData(workspace) {
  renameSync(join(workspace, 'data'), `${workspace}-gone`);
}

function run(cwd, program, ...args) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
