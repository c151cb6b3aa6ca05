import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../../rig/ocrpipe.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { BoxWorkspace } from './remote-workspace.js';

let workspace: BoxWorkspace;

beforeEach(() => {
  workspace = new BoxWorkspace();
});

describe('a job over a remote, started by an executor of one file', () => {
  it('goes on with what an output with persist held, and leaves what is ignored', async () => {
    workspace.write('.ocrignore', '*.tmp\n');
    workspace.write('seed.txt', 'x\n');
    workspace.stage(`run: [mkdir -p state, cat seed.txt >> state/all.txt, echo > state/a.tmp]
deps: [seed.txt]
outs: [{path: state, persist: true}]
`);
    await workspace.repro();
    workspace.write('seed.txt', 'y\n');
    await workspace.repro();
    expect(workspace.read('state/all.txt')).toBe('x\ny\n');
    expect(workspace.has('state/a.tmp')).toBe(false);
  });

  it('shows the end of what failed commands printed, and all of a long log', async () => {
    workspace.stage(`run: [echo begun, "seq 400000; exit 7"]\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one).toMatchObject({ action: 'failed', error: { code: 'stage-failed' } });
    expect(one!.error!.message).toContain('exit code 7');
    expect(one!.lastLines!.at(-1)).toBe('400000');
    expect(workspace.events.filter(({ type }) => type === 'stage-output')).toHaveLength(400_001);
  });

  it('is ended where it runs when its time is over', async () => {
    workspace.stage(`run: [echo begun, sleep 60]\ntimeout: 1s\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one).toMatchObject({ action: 'failed', error: { code: 'stage-timeout' } });
  });

  it('fails by name where an output was not made, and records nothing', async () => {
    workspace.stage(`run: echo 1 > one.txt\nouts: [one.txt, two.txt]\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one!.error).toMatchObject({ code: 'output-not-made' });
    expect(one!.error!.message).toContain('two.txt');
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('keeps values of secrets out of everything but the environment', async () => {
    const secret = 'hunter2-do-not-tell\nsecond-line-of-it';
    stubEnvironment({ OCRPIPE_TEST_SECRET: secret });
    workspace.stage(`run: ['echo "$OCRPIPE_TEST_SECRET"', 'printf %s "$OCRPIPE_TEST_SECRET" | base64 -w0; exit 3']
secrets: [OCRPIPE_TEST_SECRET]
`);
    const begun = workspace.printed('***');
    const [one] = (await workspace.repro()).stages;
    await begun;
    expect(one!.error!.message).toContain('exit code 3');
    expect(one!.lastLines).toEqual(['***', '***', '***==']);
  });

  it('is run again by hand, in a folder that stays, with the same inputs', async () => {
    workspace.write('raw.txt', 'b\na\n');
    workspace.stage(`run: [sort raw.txt > sorted.txt, echo sorted]\ndeps: [raw.txt]\nouts: [sorted.txt]\n`);
    await workspace.repro();
    workspace.write('raw.txt', 'other\n');
    const byHand = await runProcess('sh', [join(workspace.job('one'), 'run.sh')], {
      cwd: '/',
      env: { TMPDIR: workspace.node },
    });
    expect(byHand).toMatchObject({ exitCode: 0, stderr: 'sorted\n' });
    const folder = byHand.stdout.trim().replace('it ran in ', '');
    expect(readFileSync(join(folder, 'sorted.txt'), 'utf8')).toBe('a\nb\n');
  });
});
