import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const HUNG_MS = 10_000;
const COMMANDS = ['status', 'add data', 'checkout', 'fsck', 'gc --workspace --dry-run'];

let workspace: TestWorkspace;

beforeAll(async () => {
  workspace = await newWorkspace(temporaryFolder(afterAll));
  workspace.write('data/small', 'small');
  workspace.write('data/large', Buffer.alloc(1_200_000, 7));
  await workspace.ocrpipe('init', '--store', 'store');
  await workspace.ocrpipe('add', 'data');
  await workspace.ocrpipe('fsck');
  // Of files that are no older than the clock can tell nothing is remembered yet.
  await vi.waitFor(async () => {
    await workspace.ocrpipe('status');
    expect(placesOf('.ocrstore/index/*/stat')).not.toEqual([]);
  }, HUNG_MS);
});

/** What a FIFO in the place of these files makes of a command, beside what it says without one. */
test.each([
  ['.ocrstore/config.yaml', /not-a-file/],
  ['.ocrstore/config.local.yaml', /not-a-file/],
  ['.ocrstore/index/*/stat', /^$/],
  ['.ocrstore/index/*/fsck', /^$/],
  ['.ocrstore/index/*/put/*.json', /^$/],
  ['.ocrstore/locks/workspace', /^$|lock-blocked/],
  ['store/format.json', /not-a-file/],
  ['store/packs/*.pack', /^$|needed-tree-missing/],
  ['store/objects/*/*', /^$/],
  ['store/workspaces/*.json', /^$/],
  ['store/locks/gc', /^$|lock-blocked/],
  ['store/locks/users/x', /^$|not-a-file/],
])('no command waits for the writer of a FIFO at %s', async (pattern, said) => {
  const files = placesOf(pattern);
  expect(files).not.toEqual([]);
  for (const command of COMMANDS) {
    for (const file of files) putFifo(file);
    try {
      expect({ command, said: await withoutHanging(command, files) }).toEqual({
        command,
        said: expect.stringMatching(said) as string,
      });
    } finally {
      for (const file of files) putBack(file);
    }
  }
});

test.each(['.ocrstore/config.yaml', '.ocrstore/config.local.yaml', 'store/format.json', '.gitignore'])(
  'a folder in the place of %s is named',
  async (name) => {
    renameSync(workspace.path(name), workspace.path(`${name}~`));
    mkdirSync(workspace.path(name));
    workspace.write('more', 'more');
    const { exitCode, stderr } = await workspace.run(['add', 'more']);
    expect(stderr).toContain(`${name} is a folder [not-a-file]`);
    expect(exitCode).toBe(2);
    rmSync(workspace.path(name), { recursive: true });
    renameSync(workspace.path(`${name}~`), workspace.path(name));
  },
);

test('a folder in the place of a pack or a large file is named, and hides nothing else', async () => {
  for (const file of [...placesOf('store/packs/*.pack'), ...placesOf('store/objects/*/*')]) {
    renameSync(file, `${file}~`);
    mkdirSync(file);
    expect((await workspace.run(['status'])).exitCode).toBe(0);
    expect((await workspace.run(['add', 'data'])).stderr).toMatch(/^$|not-a-file/);
    const checked = await workspace.run(['fsck']);
    expect(checked).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('it is no file') as string,
    });
    rmSync(file, { recursive: true });
    renameSync(`${file}~`, file);
  }
});

/** What a pattern names, where `*` is any name; one without is a file that need not be there. */
function placesOf(pattern: string): string[] {
  if (!pattern.includes('*')) return [workspace.path(pattern)];
  return pattern.split('/').reduce<string[]>(
    (folders, part) => {
      const shown = new RegExp(`^${part.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      return folders.flatMap((folder) =>
        readdirSync(folder)
          .filter((name) => shown.test(name))
          .map((name) => join(folder, name)),
      );
    },
    [workspace.root],
  );
}

function putFifo(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file)) renameSync(file, `${file}~`);
  execFileSync('mkfifo', [file]);
}

function putBack(file: string): void {
  rmSync(file, { force: true });
  if (existsSync(`${file}~`)) renameSync(`${file}~`, file);
}

/** What a command says on stderr; one that waits for a FIFO is let go, and is an error. */
async function withoutHanging(command: string, fifos: readonly string[]): Promise<string> {
  const running = workspace.run(command.split(' '));
  const done = await Promise.race([
    running,
    once(AbortSignal.timeout(HUNG_MS), 'abort').then(() => undefined),
  ]);
  if (done) return done.stderr;
  for (const fifo of fifos) closeSync(openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK));
  await running;
  throw new Error(`${command} waited for a writer`);
}
