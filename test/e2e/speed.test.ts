import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace } from '../rig/workspace.js';

const RUNS = 5;

/**
 * Seconds of CPU (user and system, children included) of the cheapest of several runs of node: what other processes on
 * the machine hardly change, where the time on the clock may be anything.
 */
async function cheapest(cwd: string, ...args: string[]): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < RUNS; run += 1) {
    // POSIX: the second line of `times` is the user and system time of all children.
    const script = '"$@" >output.txt 2>&1 && times';
    const { exitCode, stdout } = await runProcess('sh', ['-c', script, 'sh', process.execPath, ...args], {
      cwd,
    });
    expect(exitCode).toBe(0);
    const ofChildren = stdout.trim().split('\n')[1] ?? '';
    const seconds = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, m, s]) => 60 * Number(m) + Number(s),
    );
    best = Math.min(
      best,
      seconds.reduce((sum, each) => sum + each, 0),
    );
  }
  return best;
}

describe('starting', () => {
  it('costs --version at most 4 times what an empty node costs', async () => {
    const cwd = temporaryFolder();
    const empty = await cheapest(cwd, '-e', '0');
    expect(await cheapest(cwd, OCRPIPE_SCRIPT, '--version')).toBeLessThan(4 * empty);
  });

  it('costs status in a small workspace at most half a second of CPU', async () => {
    const workspace = await newWorkspace();
    for (let index = 0; index < 50; index += 1) workspace.write(`data/${index}.txt`, `${index}`);
    workspace.write('pipeline.yaml', 'stages:\n  a: {run: echo, deps: [data], outs: [x]}\n');
    await workspace.ocrpipe('add', 'data');
    expect(await cheapest(workspace.root, OCRPIPE_SCRIPT, 'status')).toBeLessThan(0.5);
  });
});
