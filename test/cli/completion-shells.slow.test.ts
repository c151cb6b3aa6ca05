import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPLETION_SCRIPTS } from '../../src/cli/completion-scripts.js';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { noTerminal, onTerminal } from '../rig/terminal.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

/** A line as it is typed, with a tab at its end, and the words that the program is called with then. */
const LINES = [
  { line: 'ocrpipe compl', words: ['completion'] },
  { line: 'ocrpipe remote li', words: ['remote', 'list'] },
  { line: 'ocrpipe repro --keep', words: ['repro', '--keep-going'] },
  { line: 'ocrpipe repro tr', words: ['repro', 'train@vgg'] },
  { line: 'ocrpipe repro train@', words: ['repro', 'train@vgg'] },
  { line: 'ocrpipe repro train@v', words: ['repro', 'train@vgg'] },
  { line: 'ocrpipe repro size@lr=0', words: ['repro', 'size@lr=0.1'] },
  { line: 'ocrpipe repro models/a:g', words: ['repro', 'models/a:go'] },
  { line: 'ocrpipe checkout data/m', words: ['checkout', 'data/my raw'] },
  { line: 'ocrpipe checkout da', words: ['checkout', 'data/'] },
  { line: 'ocrpipe add not', words: ['add', 'notes.txt'] },
];

let here: TestWorkspace;

beforeAll(async () => {
  here = await newWorkspace(temporaryFolder(afterAll));
  here.write('pipeline.yaml', 'stages:\n  split: {run: x}\n');
  here.write(
    'pipeline.lock',
    'version: 1\nstages:\n  train@vgg:\n    run:\n      - y\n  size@lr=0.1:\n    run: []\n  models/a:go:\n    run: []\n',
  );
  here.write('data/my raw.ocr', 'version: 1\n');
  here.write('notes.txt', '');
  // Completes as ocrpipe does, and for anything else writes down the words that it was called with and ends the shell.
  here.write(
    'bin/ocrpipe',
    `#!/bin/sh
if [ "$1" = __complete ]; then exec '${process.execPath}' '${OCRPIPE_SCRIPT}' "$@"; fi
printf '%s\\n' "$@" > called
`,
  );
  chmodSync(here.path('bin/ocrpipe'), 0o755);
  here.write('.bashrc', `${COMPLETION_SCRIPTS.bash}\nPS1='READY> '\n`);
  here.write('.zshrc', `autoload -U compinit; compinit -u -D\n${COMPLETION_SCRIPTS.zsh}\nPS1='READY> '\n`);
  here.write('.config/fish/completions/ocrpipe.fish', COMPLETION_SCRIPTS.fish);
});

/** Why a shell cannot be tried here. */
function lacks(shell: string): string | undefined {
  return spawnSync(shell, ['-c', 'true']).status === 0 ? noTerminal() : `no ${shell}`;
}

function environment(): Record<string, string> {
  const { root } = here;
  const path = [here.path('bin'), process.env['PATH']].join(delimiter);
  return { ...here.env, PATH: path, HOME: root, ZDOTDIR: root, XDG_CONFIG_HOME: here.path('.config') };
}

/** The words that ocrpipe is called with when this line is typed, with a tab and Enter. */
async function called(shell: readonly string[], line: string): Promise<string[]> {
  here.remove('called');
  const typed = `${line}\t\nexit\n`;
  const run = { cwd: here.root, env: environment(), columns: 200 };
  const { stdout, stderr } = await onTerminal(shell, { ...run, typeAt: 'READY> ', text: typed });
  if (!here.has('called')) throw new Error(`${stdout}${stderr}`);
  return here.read('called').trimEnd().split('\n');
}

const SHELLS = [
  ['bash', ['bash', '--noprofile', '--rcfile', '.bashrc', '-i']],
  ['zsh', ['zsh', '-d', '-i']],
] as const;

describe.each(SHELLS)('what %s completes as it is typed', (name, command) => {
  const missing = lacks(name);
  it.skipIf(missing !== undefined).each(LINES)(
    `$line${missing === undefined ? '' : ` (left out: ${missing})`}`,
    async ({ line, words }) => {
      expect(await called(command, line)).toEqual(words);
    },
  );
});

const noFish = lacks('fish');

describe('what fish completes', () => {
  it.skipIf(noFish !== undefined).each(LINES)(
    `$line${noFish === undefined ? '' : ` (left out: ${noFish})`}`,
    async ({ line, words }) => {
      const run = { cwd: here.root, env: environment() };
      const { stdout } = await runProcess('fish', ['-c', `complete -C '${line}'`], run);
      const [first, ...more] = stdout.trimEnd().split('\n');
      expect([first?.split('\t')[0], more]).toEqual([words.at(-1), []]);
    },
  );
});
