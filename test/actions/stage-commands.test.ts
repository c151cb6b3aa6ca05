import { describe, expect, it } from 'vitest';
import { stageAdd, type StageAddInput } from '../../src/actions/stage-add.js';
import { freezeStages } from '../../src/actions/stage-freeze.js';
import { stageList } from '../../src/actions/stage-list.js';
import { stageRm } from '../../src/actions/stage-rm.js';
import { PipelineWorkspace } from '../pipeline/pipeline-workspace.js';

const NOTHING = {
  deps: [],
  params: [],
  outs: [],
  outsInGit: [],
  metrics: [],
  plots: [],
  always: false,
  force: false,
};
const add = (workspace: PipelineWorkspace, input: Partial<StageAddInput>) =>
  stageAdd({ ...NOTHING, name: 'a', run: ['true'], ...input }, workspace.call());

describe('the commands that edit pipeline.yaml', () => {
  it('add a stage with all that it was given, which then runs, list it and remove it', async () => {
    const workspace = new PipelineWorkspace();
    workspace.write('in.txt', 'x');
    workspace.write('params.yaml', 'train: {epochs: 3}\n');
    workspace.write('other.yaml', 'k: 1\n');
    const added = await add(workspace, {
      name: 'copy',
      desc: 'a copy: with care',
      run: ['cp in.txt out && cp in.txt m.json && cp in.txt kept'],
      deps: ['*.txt'],
      params: ['train.epochs', 'other.yaml:k'],
      ...{ outs: ['out'], outsInGit: ['kept'], metrics: ['m.json'], always: true },
    });
    expect(added).toMatchObject({ name: 'copy', replaced: false, toCommit: ['pipeline.yaml'] });
    expect(workspace.read('pipeline.yaml')).toBe(`stages:
  copy:
    desc: "a copy: with care"
    run: cp in.txt out && cp in.txt m.json && cp in.txt kept
    deps: ["*.txt"]
    params: [train.epochs, {file: other.yaml, keys: [k]}]
    outs: [out, {path: kept, cache: false}]
    metrics: [m.json]
    always: true
`);
    expect((await workspace.actions()).actions).toEqual({ copy: 'ran' });
    expect(stageList(workspace.call())).toEqual([
      {
        name: 'copy',
        desc: 'a copy: with care',
        run: ['cp in.txt out && cp in.txt m.json && cp in.txt kept'],
        deps: ['*.txt'],
        outs: ['out', 'kept', 'm.json'],
        frozen: false,
        always: true,
        location: { file: 'pipeline.yaml', line: 2, column: 3 },
      },
    ]);
    expect(await stageRm(['copy'], workspace.call())).toMatchObject({ removed: ['copy'] });
    expect(workspace.read('pipeline.yaml')).toBe('stages: {}\n');
    expect(stageList(workspace.call())).toEqual([]);
  });

  it('refuse what is wrong before they write, and a stage that is there unless it may be replaced', async () => {
    const workspace = new PipelineWorkspace();
    const text = '# ours\nstages:\n  a: {run: x, outs: [o]} # first\n  b: {run: y, deps: [{stage: a}]}\n';
    workspace.write('pipeline.yaml', text);
    const refused = async (input: Partial<StageAddInput>) =>
      add(workspace, input).catch((error: unknown) => (error as { code: string }).code);
    expect(await refused({})).toBe('stage-exists');
    expect(await refused({ name: 'c', outs: ['o'] })).toBe('output-twice');
    expect(await refused({ name: 'c', deps: ['../x'] })).toBe('path-outside-workspace');
    expect(await refused({ name: 'c d' })).toBe('invalid-value');
    expect(await refused({ name: 'c', run: [] })).toBe('no-command');
    expect(await refused({ name: 'a', force: true, deps: ['o2'], outs: ['o2'] })).toBe('cycle');
    await expect(stageRm(['a'], workspace.call())).rejects.toMatchObject({ code: 'unknown-stage' });
    await expect(stageRm(['aa'], workspace.call())).rejects.toMatchObject({ code: 'unknown-stage' });
    expect(workspace.read('pipeline.yaml')).toBe(text);
    expect(await add(workspace, { force: true, outs: ['o'] })).toMatchObject({ replaced: true });
    expect(workspace.read('pipeline.yaml')).toContain('# ours\n');
    await stageRm(['b', 'a'], workspace.call());
    expect(workspace.read('pipeline.yaml')).toBe('# ours\nstages: {}\n');
  });

  it('freeze and unfreeze stages, all or none, and for those made of one the one', async () => {
    const workspace = new PipelineWorkspace();
    const text = `stages:
  a: {run: 'echo a >> ran.log'} # keep
  each:
    foreach: [x, y]
    do: {run: 'echo each >> ran.log'}
`;
    workspace.write('pipeline.yaml', text);
    await expect(freezeStages(['a', 'each@x'], true, workspace.call())).rejects.toMatchObject({
      code: 'stage-generated',
      hint: "Name 'each', for all of them.",
    });
    expect(workspace.read('pipeline.yaml')).toBe(text);
    const frozen = await freezeStages(['a'], true, workspace.call());
    expect(frozen.stages).toEqual([{ name: 'a', frozen: true, changed: true }]);
    expect((await freezeStages(['a'], true, workspace.call())).stages[0]!.changed).toBe(false);
    expect((await workspace.actions()).actions['a']).toBe('frozen');
    await freezeStages(['each'], true, workspace.call());
    expect((await workspace.actions()).actions).toEqual({
      a: 'frozen',
      'each@x': 'frozen',
      'each@y': 'frozen',
    });
    await freezeStages(['a', 'each'], false, workspace.call());
    expect(workspace.read('pipeline.yaml')).toBe(text);
  });
});
