import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace } from '../rig/workspace.js';

const RUNS = 7;

/** Milliseconds of the fastest of several runs of node: what is left when other processes do not get in the way. */
async function fastest(cwd: string, ...args: string[]): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    const { exitCode, stderr } = await runProcess(process.execPath, args, { cwd });
    best = Math.min(best, performance.now() - start);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  }
  return best;
}

describe('starting', () => {
  it('takes --version at most 4 times what an empty node takes', async () => {
    const cwd = temporaryFolder();
    const empty = await fastest(cwd, '-e', '0');
    expect(await fastest(cwd, OCRPIPE_SCRIPT, '--version')).toBeLessThan(4 * empty);
  });

  it('takes status in a small workspace at most half a second', async () => {
    const workspace = await newWorkspace();
    for (let index = 0; index < 50; index += 1) workspace.write(`data/${index}.txt`, `${index}`);
    workspace.write('pipeline.yaml', 'stages:\n  a: {run: echo, deps: [data], outs: [x]}\n');
    await workspace.ocrpipe('add', 'data');
    expect(await fastest(workspace.root, OCRPIPE_SCRIPT, 'status')).toBeLessThan(500);
  });
});
