import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure, OCRPIPE } from '../measure.mjs';

/** What runs the stages of a measurement, in a fresh workspace each. */
class Ocrpipe {
  name = 'ocrpipe';

  prepare(folder) {
    init(folder);
    execFileSync(OCRPIPE[0], [OCRPIPE[1], 'init'], { cwd: folder, stdio: 'ignore' });
  }

  write(folder, stages) {
    const lines = stages.map(
      ({ name, run, deps, outs }) =>
        `  ${name}: {run: ${JSON.stringify(run)}, deps: ${JSON.stringify(deps)}, outs: ${JSON.stringify(outs)}}`,
    );
    writeFileSync(join(folder, 'pipeline.yaml'), `stages:\n${lines.join('\n')}\n`);
  }

  /** `square` times `square` stages of one matrix, or as many that are written out. */
  writeMatrix(folder, square) {
    const numbers = Array.from({ length: square }, (_, index) => index);
    writeFileSync(
      join(folder, 'pipeline.yaml'),
      `stages:
  cell:
    matrix: {a: ${JSON.stringify(numbers)}, b: ${JSON.stringify(numbers)}}
    run: echo \${item.a} \${item.b} > o-\${item.a}-\${item.b}.txt
    deps: [seed.txt]
    outs: ["o-\${item.a}-\${item.b}.txt"]
`,
    );
  }

  run(folder, options = {}) {
    return measure([...OCRPIPE, 'repro', '--quiet', ...(options.args ?? [])], { cwd: folder });
  }
}

class Dvc {
  name = 'dvc';
  #program = process.env.OCRPIPE_BENCH_DVC;
  #env = { DVC_NO_ANALYTICS: '1' };

  prepare(folder) {
    init(folder);
    const env = { ...process.env, ...this.#env };
    execFileSync(this.#program, ['init', '-q'], { cwd: folder, env, stdio: 'ignore' });
  }

  write(folder, stages) {
    const lines = stages.map(
      ({ name, run, deps, outs }) =>
        `  ${name}:\n    cmd: ${JSON.stringify(run)}\n    deps: ${JSON.stringify(deps)}\n    outs: ${JSON.stringify(outs)}`,
    );
    writeFileSync(join(folder, 'dvc.yaml'), `stages:\n${lines.join('\n')}\n`);
  }

  run(folder) {
    return measure([this.#program, 'repro', '-q'], { cwd: folder, env: this.#env });
  }
}

/** The same commands, one `sh -c` each, and nothing else. */
class Floor {
  name = 'floor';

  prepare(folder) {
    mkdirSync(folder);
  }

  write(folder, stages) {
    writeFileSync(join(folder, 'commands'), `${stages.map(({ run }) => run).join('\n')}\n`);
  }

  run(folder) {
    return measure(['sh', '-c', 'while read -r line; do sh -c "$line"; done < commands'], { cwd: folder });
  }
}

export function contestant(name) {
  if (name === 'dvc') return new Dvc();
  return name === 'floor' ? new Floor() : new Ocrpipe();
}

function init(folder) {
  mkdirSync(folder);
  const git = (...args) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init', '-q');
  git('config', 'user.email', 'bench@example.com');
  git('config', 'user.name', 'bench');
}
