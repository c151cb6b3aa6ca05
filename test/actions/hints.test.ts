import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../rig/workspace.js';

const PIPELINE = `stages:
  make:
    run: mkdir -p 'my out' && cat 'my data/a' > 'my out/x'
    deps: [my data]
    outs: [my out]
  use:
    run: "true"
    deps: [my out]
`;

/** Tracked data and a pipeline that has run, both committed to git and pushed to a folder. */
async function repository(): Promise<TestWorkspace> {
  const workspace = await newWorkspace(join(folder, 'first'));
  mkdirSync(join(folder, 'remote'));
  workspace.write('my data/a', 'a1');
  workspace.write('my data/b', 'b1');
  workspace.write('pipeline.yaml', PIPELINE);
  await workspace.ocrpipe('remote', 'add', 'store', join(folder, 'remote'), '--default');
  await workspace.ocrpipe('add', 'my data');
  await workspace.ocrpipe('repro');
  await workspace.ocrpipe('push');
  await workspace.commit('first');
  return workspace;
}

const folder = temporaryFolder(afterAll);
let started: TestWorkspace;

beforeAll(async () => {
  started = await repository();
});

function copyOf(workspace: TestWorkspace): TestWorkspace {
  const root = mkdtempSync(join(folder, 'copy-'));
  cpSync(workspace.root, root, { recursive: true, preserveTimestamps: true });
  return new TestWorkspace(root);
}

/** The commands that a text tells people to type. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/'((?:ocrpipe|git)(?: "[^"]*"| '[^']*'| [^\s'"]+)+)'/g)].map((match) => match[1]!);
}

/** Data or output edited, with a pointer that names something else than what was put there. */
async function changeBoth(workspace: TestWorkspace, path: string, file: string): Promise<void> {
  const pointer = workspace.read(`${path}.ocr`);
  workspace.write(`${path}/${file}`, 'second');
  await workspace.ocrpipe('commit', path);
  workspace.write(`${path}.ocr`, pointer);
  workspace.write(`${path}/${file}`, 'third');
}

/** What is done in the repository before the command that is refused, how many commands the hint names. */
const SITUATIONS: readonly [string, (workspace: TestWorkspace) => unknown, string, number][] = [
  ['data changed on both sides', (w) => changeBoth(w, 'my data', 'a'), 'repro', 2],
  [
    'an output of a frozen stage changed on both sides',
    async (w) => {
      w.write('pipeline.yaml', PIPELINE.replace('  make:\n', '  make:\n    frozen: true\n'));
      await changeBoth(w, 'my out', 'x');
    },
    'repro',
    2,
  ],
  [
    'an edited output',
    (w) => {
      w.write('my out/x', 'mine');
    },
    'repro',
    2,
  ],
  [
    'an edited output',
    (w) => {
      w.write('my out/x', 'mine');
    },
    'checkout',
    2,
  ],
  [
    'edited data',
    (w) => {
      w.write('my data/a', 'mine');
    },
    'checkout',
    2,
  ],
  [
    'edited data and output',
    (w) => {
      w.write('my data/a', 'mine');
      w.write('my out/x', 'mine');
    },
    'status',
    6,
  ],
  ['an output is to be tracked', () => undefined, "add 'my out'", 2],
  ['a part of tracked data is to be tracked', () => undefined, "add 'my data/a'", 1],
  [
    'what git holds is to be tracked',
    async (w) => {
      w.write('in git', 'x');
      await w.git('add', 'in git');
    },
    "add 'in git'",
    1,
  ],
  [
    'data is gone',
    (w) => {
      w.remove('my data');
    },
    "commit 'my data'",
    1,
  ],
  [
    'data is gone',
    (w) => {
      w.remove('my data');
    },
    'status',
    1,
  ],
  [
    'data is nowhere',
    (w) => {
      forget(w, 'my data');
    },
    'repro',
    1,
  ],
  [
    'data is nowhere',
    (w) => {
      forget(w, 'my data');
    },
    "checkout 'my data'",
    1,
  ],
  [
    'nothing is here',
    (w) => {
      forget(w, 'my data', 'my out');
    },
    'checkout',
    1,
  ],
  [
    'nothing is here',
    (w) => {
      forget(w, 'my data', 'my out');
    },
    'status',
    4,
  ],
  [
    'the pointer of data is broken',
    (w) => {
      w.write('my data.ocr', 'version: 1\n');
    },
    'checkout',
    2,
  ],
  [
    'a pointer is broken by a merge',
    async (w) => {
      await w.git('checkout', '-q', '-b', 'other');
      w.write('my data/a', 'other');
      await w.ocrpipe('commit', 'my data');
      await w.commit('other');
      await w.git('checkout', '-q', 'main');
      await w.ocrpipe('checkout');
      w.write('my data/a', 'main');
      await w.ocrpipe('commit', 'my data');
      await w.commit('main');
      await w.git('merge', 'other').catch(() => undefined);
    },
    'repro',
    3,
  ],
  [
    'a newer pointer came, its bytes did not',
    async (w) => {
      cpSync(w.path('.ocrstore'), w.path('.git/before'), { recursive: true });
      w.write('my data/a', 'newer');
      await w.ocrpipe('commit', 'my data');
      await w.ocrpipe('push');
      w.remove('.ocrstore');
      cpSync(w.path('.git/before'), w.path('.ocrstore'), { recursive: true });
      w.write('my data/a', 'a1');
    },
    'status',
    2,
  ],
  [
    'an output is in git',
    async (w) => {
      w.write('pipeline.yaml', `${PIPELINE}  other:\n    run: "true"\n    outs: [new out]\n`);
      w.write('new out', 'x');
      await w.git('add', 'new out');
    },
    'repro',
    1,
  ],
];

function forget(workspace: TestWorkspace, ...paths: string[]): void {
  for (const name of [...paths, '.ocrstore/packs', '.ocrstore/index']) workspace.remove(name);
}

describe('every command that a hint names', () => {
  const named = SITUATIONS.map(([what, change, refused, count]) => ({ what, change, refused, count }));
  test.each(named)('succeeds: $what, $refused', async ({ what, change, refused, count }) => {
    const workspace = copyOf(started);
    await change(workspace);
    const result = await workspace.type(`ocrpipe ${refused}`);
    expect(result.exitCode === 0, result.stdout + result.stderr).toBe(refused === 'status');
    const commands = commandsIn(result.stdout + result.stderr);
    expect(commands, result.stdout + result.stderr).toHaveLength(count);
    // Of what has to be got first, the commands are in order; all others are ways to choose from.
    const inOrder = what === 'nothing is here';
    for (const command of commands) {
      const ended = await (inOrder ? workspace : copyOf(workspace)).type(command);
      // It shows what is left to choose, and that there is something.
      const exitCode = command === 'ocrpipe resolve "my data"' ? 2 : 0;
      expect(ended, command).toMatchObject({ exitCode });
    }
  });
});
