import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace } from '../rig/workspace.js';

const FULL = '/dev/full';

/** Runs the binary with one of its streams sent to a device that is always full. */
function runFull(args: readonly string[], redirection: string, cwd: string = temporaryFolder()) {
  const script = `"$@" ${redirection}${FULL}`;
  return runProcess('sh', ['-c', script, 'sh', process.execPath, OCRPIPE_SCRIPT, ...args], { cwd });
}

const ERROR = [
  'error: the output could not be written: ENOSPC: no space left on device, write [output-not-written]',
  '  hint: The disk is full. Make room and run the command again.',
  '',
].join('\n');

// A device of Linux that refuses every write as a full disk does.
describe.skipIf(!existsSync(FULL))('a full disk under the output', () => {
  it.each([
    'add --help',
    'remote add --help',
    'help --help',
    '--version',
    '--help',
    'help',
    'version',
    'version --json',
    'doctor',
  ])("is one error of 'ocrpipe %s', and exit code 1", async (line) => {
    const result = await runFull(line.split(' '), '>');
    expect(result).toEqual({ stdout: '', stderr: ERROR, exitCode: 1, signal: undefined });
  });

  it('takes nothing back of what was done', async () => {
    const workspace = await newWorkspace();
    workspace.write('data.bin', 'bytes');
    const { stderr, exitCode } = await runFull(['add', 'data.bin'], '>', workspace.root);
    expect({ stderr, exitCode }).toEqual({ stderr: ERROR, exitCode: 1 });
    const { tracked } = await workspace.json<{ tracked: { path: string }[] }>('status');
    expect(tracked).toMatchObject([{ path: 'data.bin', state: 'new' }]);
  });

  it('is said beside the error that the output would have been', async () => {
    const { stderr, exitCode } = await runFull(['nosuch', '--json'], '>');
    expect({ stderr, exitCode }).toEqual({ stderr: ERROR, exitCode: 2 });
  });

  it.each([
    [['version'], 0],
    [['nosuch'], 2],
  ])('does not stop %j where only progress and errors go there', async (args, exitCode) => {
    const result = await runFull(args, '2>');
    expect(result).toMatchObject({ stderr: '', exitCode });
  });
});
