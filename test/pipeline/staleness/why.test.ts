import { describe, expect, it } from 'vitest';
import { checkout } from '../../../src/actions/checkout.js';
import { commitStages } from '../../../src/pipeline/run/commit-stages.js';
import { outputAt } from '../../../src/pipeline/definition/read/output-at.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { explainStages } from '../../../src/pipeline/staleness/why.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { newPipeline, PIPELINE, type PipelineWorkspace } from '../pipeline-workspace.js';

async function states(workspace: PipelineWorkspace): Promise<Record<string, string>> {
  const statuses = (await pipelineStatus(workspace.host())).stages;
  return Object.fromEntries(statuses.map(({ name, state }) => [name, state]));
}

describe('why', () => {
  it('names the files of a directory that changed, data in the store or code in git', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", deps: [data/raw, code]}}');
    workspace.write('code/one.py', '1');
    workspace.write('code/sub/two.py', '2');
    await workspace.repro();
    workspace.write('code/sub/two.py', '22');
    workspace.write('code/sub/three.py', '3');
    workspace.write('data/raw/new.txt', 'new');
    workspace.remove('data/raw/a.txt');
    const [explanation] = await explainStages(workspace.host(), 'a', workspace.root);
    expect(explanation).toMatchObject({ name: 'a', state: 'stale', action: 'run' });
    const files = explanation!.reasons.map((reason) => [
      reason.subject,
      (reason.files ?? []).map(({ path, change }) => `${change} ${path}`).sort(),
    ]);
    expect(files).toEqual([
      ['code', ['added sub/three.py', 'modified sub/two.py']],
      ['data/raw', ['added new.txt', 'deleted a.txt']],
    ]);
  });

  it('shows the words of a command and the values of parameters, and takes an output for its stage', async () => {
    const workspace = await newPipeline();
    await workspace.repro();
    workspace.write('pipeline.yaml', PIPELINE.replace('sh train.sh', 'sh train.sh --fast'));
    workspace.write('params.yaml', 'train: {epochs: 5, rate: 0.1}');
    const [{ reasons }] = (await explainStages(workspace.host(), 'models/m', workspace.root)) as [
      Awaited<ReturnType<typeof explainStages>>[number],
    ];
    expect(reasons[0]?.words?.filter(({ change }) => change !== 'same')).toEqual([
      { change: 'added', words: '--fast' },
    ]);
    expect(reasons.slice(1)).toEqual([
      { kind: 'param-changed', subject: 'params.yaml:train.epochs', old: 3, new: 5 },
      { kind: 'param-changed', subject: 'params.yaml:train.rate', new: 0.1 },
    ]);
    await expect(explainStages(workspace.host(), 'nothing', workspace.root)).rejects.toEqual(
      expect.objectContaining({ code: 'unknown-stage', exitCode: 2 }),
    );
  });
});

describe('the states of the stages', () => {
  it('are never-run, fresh, stale and frozen, and looking changes nothing', async () => {
    const workspace = await newPipeline();
    expect(await states(workspace)).toEqual({
      prepare: 'never-run',
      train: 'never-run',
      evaluate: 'never-run',
      lint: 'never-run',
    });
    await workspace.repro();
    workspace.write('params.yaml', 'train: {epochs: 4}');
    workspace.write('pipeline.yaml', PIPELINE.replace('  lint:\n', '  lint:\n    frozen: true\n'));
    const lock = workspace.read('pipeline.lock');
    expect(await states(workspace)).toEqual({
      prepare: 'fresh',
      train: 'stale',
      evaluate: 'stale',
      lint: 'frozen',
    });
    expect(workspace.read('pipeline.lock')).toBe(lock);
    expect(
      (await pipelineStatus(workspace.host())).stages.find(({ name }) => name === 'evaluate')?.reasons,
    ).toEqual([{ kind: 'upstream', subject: 'train' }]);
  });

  it('say of a folder whose data has to be put in place first that it changed', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", deps: [data]}}');
    await workspace.repro();
    workspace.commit('first');
    workspace.write('data/raw/a.txt', 'second\n');
    await workspace.repro();
    workspace.git('checkout', '-q', 'HEAD', '--', 'data/raw.ocr');
    const [status] = (await pipelineStatus(workspace.host())).stages;
    expect(status?.reasons).toEqual([expect.objectContaining({ kind: 'dep-changed', subject: 'data' })]);
  });

  it('are none where there is no pipeline', async () => {
    const workspace = await newPipeline();
    workspace.remove('pipeline.yaml');
    expect(await states(workspace)).toEqual({});
  });

  it('say of an output edited by hand that it changed', async () => {
    const workspace = await newPipeline();
    await workspace.repro();
    workspace.write('models/m/weights', 'mine');
    const train = (await pipelineStatus(workspace.host())).stages.find(({ name }) => name === 'train');
    expect(train?.reasons.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['output-changed', 'models/m'],
    ]);
  });
});

describe('outputAt', () => {
  it('finds the output that a path is, holds or lies in', async () => {
    const workspace = await newPipeline();
    const at = (path: string): unknown => outputAt(workspace.root, path as RepoPath);
    expect(at('models/m')).toEqual({ path: 'models/m', stage: 'train' });
    expect(at('models')).toEqual({ path: 'models/m', stage: 'train' });
    expect(at('models/m/weights')).toEqual({ path: 'models/m', stage: 'train' });
    expect(at('data/raw')).toBeUndefined();
  });
});

describe('commitStages', () => {
  it('records outputs that were edited by hand as what the stage made', async () => {
    const workspace = await newPipeline();
    await workspace.repro();
    workspace.write('models/m/weights', 'better by hand\n');
    await expect(workspace.repro()).rejects.toEqual(expect.objectContaining({ code: 'output-changed' }));
    expect((await commitStages(workspace.host(), ['train'])).map(({ name }) => name)).toEqual(['train']);
    workspace.ran();
    expect((await workspace.actions()).ran).toEqual(['evaluate']);
    expect(workspace.read('models/m/weights')).toBe('better by hand\n');
  });

  it('with no stage named, records edited outputs and runs that were not recorded, and nothing else', async () => {
    const workspace = await newPipeline();
    const committed = async (): Promise<string[]> =>
      (await commitStages(workspace.host(), undefined)).map(({ name }) => name);
    expect(await committed()).toEqual([]);
    await workspace.actions({ commit: false });
    expect((await committed()).sort()).toEqual(['evaluate', 'lint', 'prepare', 'train']);
    expect((await workspace.actions()).ran).toEqual([]);
    workspace.write('params.yaml', 'train: {epochs: 8}');
    expect(await committed()).toEqual([]);
    workspace.write('prepared.txt', 'by hand\n');
    expect(await committed()).toEqual(['prepare']);
  });

  it('records by itself no edit of an output whose stage has other inputs now', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('models/m/weights', 'better by hand\n');
    workspace.write('params.yaml', 'train: {epochs: 8}');
    expect(await commitStages(workspace.host(), undefined)).toEqual([]);
    await workspace.actions({ targets: ['train'], force: true, commit: false });
    workspace.write('params.yaml', 'train: {epochs: 9}');
    expect(await commitStages(workspace.host(), undefined)).toEqual([]);
    workspace.write('params.yaml', 'train: {epochs: 8}');
    expect((await commitStages(workspace.host(), undefined)).map(({ name }) => name)).toEqual(['train']);
  });

  it('does not record what a checkout put in the place of a run that was not recorded', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('params.yaml', 'train: {epochs: 8}');
    await workspace.actions({ targets: ['train'], commit: false });
    await checkout({ targets: ['models/m'], force: true }, workspace.call());
    expect(await commitStages(workspace.host(), undefined)).toEqual([]);
  });

  it('makes a run record of what the stage made, and none of what was edited by hand', async () => {
    const workspace = await newPipeline('stages: {a: {run: "echo real > x", params: [other], outs: [x]}}');
    await workspace.actions({ commit: false });
    const records = (): number => [...workspace.host().records.all()].length;
    workspace.write('x', 'mine\n');
    await commitStages(workspace.host(), ['a']);
    expect(records()).toBe(0);
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh' });
    workspace.write('params.yaml', 'other: 2\n');
    await workspace.actions({ commit: false });
    await commitStages(workspace.host(), undefined);
    expect(records()).toBe(1);
    workspace.write('params.yaml', 'other: 1\n');
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    expect(workspace.read('x')).toBe('real\n');
  });

  it('does not take for a result what a failed stage left, and refuses a stage that lacks an output', async () => {
    const workspace = await newPipeline('stages: {a: {run: "echo part > x; exit 1", outs: [x]}}');
    await workspace.repro();
    expect(workspace.read('x')).toBe('part\n');
    expect(await commitStages(workspace.host(), undefined)).toEqual([]);
    workspace.remove('x');
    await expect(commitStages(workspace.host(), ['a'])).rejects.toEqual(
      expect.objectContaining({ code: 'output-not-made' }),
    );
  });
});
