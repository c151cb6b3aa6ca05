import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { gitFolder, type TestWorkspace } from '../rig/workspace.js';

/** Runs a command, does what it says of git, and returns what git then still has to be told. */
async function runAndCommit(
  workspace: TestWorkspace,
  args: readonly string[],
  folder = '.',
): Promise<string> {
  const cwd = join(workspace.root, folder);
  const run = await runProcess(process.execPath, [OCRPIPE_SCRIPT, ...args], { cwd, env: workspace.env });
  expect(run.exitCode, run.stderr).toBe(0);
  const [, typed = 'false'] = /^To commit: (git add .*)$/m.exec(run.stdout) ?? [];
  const git = await runProcess('sh', ['-c', `${typed} && git commit -q -m x`], { cwd, env: workspace.env });
  expect(git.exitCode, `${run.stdout}${git.stderr}`).toBe(0);
  return workspace.git('status', '--porcelain');
}

const PIPELINE = `stages:
  count:
    run: "wc -c < 'my data/raw 1.bin' > size.txt; echo '{}' > 'small numbers.json'"
    deps: ['my data/raw 1.bin']
    params: [letters]
    outs: [size.txt]
    metrics: ['small numbers.json']
`;

describe('what a command says to commit', () => {
  it('is all that it wrote, wherever it is typed', async () => {
    const workspace = await gitFolder();
    expect(await runAndCommit(workspace, ['init'])).toBe('');
    workspace.write('my data/raw 1.bin', 'one');
    expect(await runAndCommit(workspace, ['add', 'raw 1.bin'], 'my data')).toBe('');
    workspace.write('my data/raw 1.bin', 'two');
    expect(await runAndCommit(workspace, ['commit'])).toBe('');
    workspace.write('pipeline.yaml', PIPELINE);
    workspace.write('params.yaml', 'letters: 3\n');
    expect(await runAndCommit(workspace, ['repro'], 'my data')).toBe('');
    workspace.write('my data/raw 1.bin', 'three');
    expect(await runAndCommit(workspace, ['repro'])).toBe('');
    workspace.write('size.txt', 'edited');
    expect(await runAndCommit(workspace, ['commit', 'count'])).toBe('');
    const remote = temporaryFolder();
    mkdirSync(join(remote, 'one'));
    expect(await runAndCommit(workspace, ['remote', 'add', 'one', join(remote, 'one')])).toBe('');
    expect(await runAndCommit(workspace, ['remote', 'add', 'two', join(remote, 'two')])).toBe('');
    expect(await runAndCommit(workspace, ['remote', 'default', 'two'])).toBe('');
    expect(await runAndCommit(workspace, ['remote', 'modify', 'two', '--region', 'x'])).toBe('');
    expect(await runAndCommit(workspace, ['remote', 'remove', 'one'])).toBe('');
  });

  it('is nothing where nothing is new, and outside of git', async () => {
    const workspace = await gitFolder();
    await runAndCommit(workspace, ['init']);
    expect(await workspace.ocrpipe('init')).not.toContain('git add');
    const { stdout } = await runProcess(process.execPath, [OCRPIPE_SCRIPT, 'init', '--no-git'], {
      cwd: temporaryFolder(),
    });
    expect(stdout).not.toContain('git add');
  });
});
