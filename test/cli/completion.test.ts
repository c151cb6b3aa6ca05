import { describe, expect, it } from 'vitest';
import { runProcess } from '../rig/ocrpipe.js';
import { newWorkspace } from '../rig/workspace.js';
import { completions, type CommandTable } from '../../src/cli/completions.js';
import { COMPLETION_SCRIPTS } from '../../src/cli/completion-scripts.js';
import { builtFile } from '../../src/base/package-root.js';

const table: CommandTable = {
  commands: {
    repro: {
      args: { target: {} },
      flags: { force: { type: 'boolean', char: 'f' }, pull: { allowNo: true } },
    },
    install: { flags: { hook: { type: 'option', options: ['checkout', 'push'] }, secret: { hidden: true } } },
    checkout: { args: { path: {} } },
    'remote:add': { flags: {} },
    'remote:list': {},
    internal: { hidden: true },
  },
};

describe('completion', () => {
  it('knows commands, the words of longer ones, flags and their values', () => {
    const of = (line: string) => completions(line.split(' '), table, '/nowhere');
    expect(of('')).toEqual(['checkout', 'install', 'remote', 'repro']);
    expect(of('re')).toEqual(['remote', 'repro']);
    expect(of('remote ')).toEqual(['add', 'list']);
    expect(of('repro -')).toEqual(['--force', '--no-pull', '--pull']);
    expect(of('install --hook ')).toEqual(['checkout', 'push']);
    expect(of('install --s')).toEqual([]);
    expect(of('unknown ')).toEqual([]);
  });

  it('knows stages and tracked paths, folder by folder', async () => {
    const here = await newWorkspace();
    here.write(
      'pipeline.yaml',
      '# ours\nvars: {}\nstages:\n  split: {run: x}\n  train:\n    run: y\nother:\n  none: 1\n',
    );
    here.write('pipeline.lock', 'version: 1\nstages:\n  train@vgg:\n    run:\n      - y\n');
    here.write('data/raw.ocr', 'version: 1\n');
    here.write('data/more/x', '');
    const of = (line: string) => completions(line.split(' '), table, here.root);
    expect(of('repro ')).toEqual(['split', 'train', 'train@vgg']);
    expect(of('repro train')).toEqual(['train', 'train@vgg']);
    expect(of('checkout d')).toEqual(['data/']);
    expect(of('checkout data/')).toEqual(['data/more/', 'data/raw']);
  });

  it('is what bash asks ocrpipe for, by the script that it reads', async () => {
    const here = await newWorkspace();
    here.write('data/raw.ocr', 'version: 1\n');
    const program = builtFile('../bin/run.js');
    const script = `ocrpipe() { '${process.execPath}' '${program}' "$@"; }
${COMPLETION_SCRIPTS.bash}
COMP_WORDS=(ocrpipe checkout data/r); COMP_CWORD=2; _ocrpipe; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await runProcess('bash', ['-c', script], { cwd: here.root, env: here.env });
    expect([stdout, stderr]).toEqual(['data/raw\n', '']);
    expect(await here.ocrpipe('completion', 'bash')).toBe(`${COMPLETION_SCRIPTS.bash}\n`);
    expect((await here.run(['completion', 'tcsh'])).exitCode).toBe(2);
  });
});
