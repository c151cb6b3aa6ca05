import { describe, expect, it } from 'vitest';
import { fsck } from '../../../src/actions/fsck.js';
import { gc } from '../../../src/actions/gc.js';
import { reproText } from '../../../src/cli/repro-text.js';
import { whyText } from '../../../src/cli/why-text.js';
import { explainStages } from '../../../src/pipeline/staleness/why.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { byName, newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

/** `drawn` makes something else each time, from a counter that no store knows of. */
const STAGES = `stages:
  drawn:
    run: mkdir -p m && echo $(cat counter) > m/weights && echo same > m/names && echo 1 >> counter && echo drawn >> ran.log
    params: [lr]
    outs: [m]
  reader: {run: "cp m/weights w && echo reader >> ran.log", deps: [m], outs: [w]}
  kept: {run: "echo x >> k", outs: [{path: k, persist: true}]}
`;

async function drawing(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(STAGES);
  workspace.write('params.yaml', 'lr: 1\n');
  workspace.write('counter', '1\n');
  workspace.write('.gitignore', 'ran.log\ncounter\n');
  return workspace;
}

describe('repro --check-determinism', () => {
  it('runs each stage twice, names the outputs and files that differ, and keeps the first result', async () => {
    const workspace = await drawing();
    const result = await workspace.repro({ checkDeterminism: true });
    const reports = byName(result.stages, (stage) => stage);
    expect(reports['drawn']).toMatchObject({
      action: 'ran',
      deterministic: false,
      differing: [{ path: 'm', files: [{ path: 'weights', change: 'modified' }] }],
    });
    expect(reports['reader']).toMatchObject({ action: 'ran', deterministic: true, differing: [] });
    expect(reports['kept']).not.toHaveProperty('deterministic');
    expect(workspace.events).toContainEqual(expect.objectContaining({ code: 'not-compared' }));
    expect(workspace.ran()).toEqual(['drawn', 'drawn', 'reader', 'reader']);
    expect(workspace.read('m/weights')).toBe('1\n');
    expect(workspace.read('w')).toBe('1\n');
    expect(reproText({ ...result, toCommit: [] })).toContain(
      'drawn is not deterministic: a second run with the same inputs made something else at\n  m\n    modified: weights\n',
    );
    expect((await workspace.actions()).actions).toEqual({ drawn: 'fresh', reader: 'fresh', kept: 'fresh' });
  });

  it('runs a stage that is up to date once more, and only those that are named', async () => {
    const workspace = await drawing();
    await workspace.actions();
    workspace.write('counter', '1\n');
    const same = await workspace.repro({ targets: ['drawn'], checkDeterminism: true });
    expect(same.stages).toMatchObject([{ name: 'drawn', action: 'fresh', deterministic: true }]);
    expect(workspace.ran()).toEqual(['drawn']);
    const other = await workspace.repro({ targets: ['m'], checkDeterminism: true });
    expect(other.stages).toMatchObject([{ action: 'fresh', deterministic: false }]);
    expect(workspace.read('m/weights')).toBe('1\n');
  });

  it('is still known when gc has let go of what the second run made, and restores the first', async () => {
    const workspace = await drawing();
    await workspace.repro({ checkDeterminism: true });
    workspace.commit('all');
    const everything = {
      workspace: true,
      projects: [],
      unpushed: true,
      allowMissing: false,
      forgetWorkspaces: [],
    };
    const { deleted } = await gc({ ...everything, now: true, dryRun: false }, workspace.call());
    expect(deleted.objects).toBeGreaterThan(0);
    const { stages } = await pipelineStatus(workspace.host());
    expect(stages).toContainEqual(expect.objectContaining({ name: 'drawn', deterministic: false }));
    workspace.remove('m');
    workspace.remove('pipeline.lock');
    expect((await workspace.actions()).actions).toMatchObject({ drawn: 'restored' });
    expect(workspace.read('m/weights')).toBe('1\n');
    expect(await fsck({}, workspace.call())).toMatchObject({ damaged: [], missing: [], notRestorable: [] });
  });

  it('is remembered: status and why say so until the inputs are others', async () => {
    const workspace = await drawing();
    await workspace.repro({ targets: ['drawn'], checkDeterminism: true });
    const explain = async () => (await explainStages(workspace.host(), 'drawn', workspace.root))[0]!;
    const statusOf = async () => (await pipelineStatus(workspace.host())).stages[0];
    expect(await explain()).toMatchObject({ state: 'fresh', otherResults: [{ differing: ['m'] }] });
    expect(whyText([await explain()])).toContain('not deterministic: ');
    expect(await statusOf()).toMatchObject({ name: 'drawn', state: 'fresh', deterministic: false });
    workspace.write('params.yaml', 'lr: 2\n');
    await workspace.repro();
    expect(await explain()).not.toHaveProperty('otherResults');
    expect(await statusOf()).not.toHaveProperty('deterministic');
  });

  it('puts the recorded result back where the second run fails, and says why it failed', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "test ! -e done && echo x > o && touch done", outs: [o]}}',
    );
    const { stages } = await workspace.repro({ checkDeterminism: true });
    expect(stages).toMatchObject([{ action: 'failed', error: { code: 'stage-failed' } }]);
    expect(workspace.read('o')).toBe('x\n');
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh' });
  });
});

describe('of several results of the same inputs', () => {
  it('the one that the lock names is restored, and without the lock the same one for everybody', async () => {
    const workspace = await drawing();
    await workspace.repro({ checkDeterminism: true });
    const lock = workspace.read('pipeline.lock');
    workspace.remove('m');
    expect((await workspace.actions()).actions).toMatchObject({ drawn: 'restored' });
    expect(workspace.read('m/weights')).toBe('1\n');
    const chosen = new Set<string>();
    for (const [counter] of ['7', '8', '9'].entries()) {
      for (const name of ['m', 'm.ocr', 'pipeline.lock']) workspace.remove(name);
      workspace.write('counter', `${counter}\n`);
      expect((await workspace.actions({ targets: ['drawn'] })).actions).toEqual({ drawn: 'restored' });
      chosen.add(workspace.read('m/weights'));
    }
    expect(chosen.size).toBe(1);
    workspace.write('pipeline.lock', lock);
    await workspace.actions();
    expect(workspace.read('m/weights')).toBe('1\n');
  });
});
