import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { measure, OCRPIPE } from '../measure.mjs';

/** The stages of the pipeline: each depends on all the data and does next to nothing. */
const STAGES = ['a', 'b', 'c', 'd'];

/** What a workspace must do, by the tool that does it. */
export class Ocrpipe {
  name = 'ocrpipe';
  prepare(workspace) {
    run(workspace, ...OCRPIPE, 'init');
  }
  pipeline(workspace) {
    const stages = STAGES.map(
      (name) => `  ${name}: {run: date > ${name}.txt, deps: [data], outs: [${name}.txt]}`,
    );
    writeFileSync(join(workspace, 'pipeline.yaml'), `stages:\n${stages.join('\n')}\n`);
  }
  commands = {
    add: [...OCRPIPE, 'add', 'data'],
    status: [...OCRPIPE, 'status'],
    checkout: [...OCRPIPE, 'checkout'],
    repro: [...OCRPIPE, 'repro'],
  };
  env = {};
}

export class Dvc {
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
