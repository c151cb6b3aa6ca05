import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until, waitFor } from './cluster-workspace.js';
import { BoxWorkspace } from './remote-workspace.js';

/** A workspace with a stage that begins, and then waits for a file of its node. */
function waiting(remote: boolean): { workspace: BoxWorkspace; begun: () => boolean; go: () => void } {
  const workspace = new BoxWorkspace({ remote });
  const place = (name: string): string => join(workspace.node, name);
  const run = [
    `touch ${place('begun')}`,
    waitFor(place('go')),
    `echo ran >> ${place('ran.log')}`,
    'echo 1 > one.txt',
  ];
  workspace.stage(`run: ${JSON.stringify(run)}\nouts: [one.txt]\n`);
  return {
    workspace,
    begun: () => existsSync(place('begun')),
    go: () => {
      writeFileSync(place('go'), '');
    },
  };
}

describe.each([
  ['in the workspace', false],
  ['over a remote', true],
])('the job of an executor of one file, %s', (_where, remote) => {
  it('outlives a repro that is killed, and the next one finds it', async () => {
    const { workspace, begun, go } = waiting(remote);
    await workspace.killedRepro(begun);
    const { handle } = workspace.jobState('one');
    const printed = workspace.printed('begun');
    const done = workspace.repro();
    await printed;
    go();
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('one')).toMatchObject({ attempt: 1, settled: true, handle: { ...handle } });
    expect(workspace.read('one.txt')).toBe('1\n');
    expect((await workspace.actions()).actions).toEqual({ one: 'fresh' });
  });

  it('is taken over where it ended while there was no repro', async () => {
    const { workspace, begun, go } = waiting(remote);
    await workspace.killedRepro(begun);
    const { pid } = workspace.jobState('one').handle as unknown as { pid: number };
    go();
    await until(() => !existsSync(`/proc/${pid}`));
    expect((await workspace.repro()).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('one')).toMatchObject({ attempt: 1, settled: true });
    expect(workspace.read('one.txt')).toBe('1\n');
  });
});
