import { describe, expect, it } from 'vitest';
import { paramsDiff } from '../../../src/actions/params-diff.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const STAGES = `vars: [sizes.toml, other.json]
stages:
  a:
    run: echo \${sizes.large} \${word} > a.txt
    params: [{file: params.toml, keys: [train.lr, when]}]
    deps: [{file: config.toml, keys: [model.width]}]
    outs: [a.txt]
`;

async function ran(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(STAGES);
  workspace.write('sizes.toml', '[sizes]\nlarge = 128\n');
  workspace.write('other.json', '{\n\t"word": "x"\n}\n');
  workspace.write('params.toml', 'when = 2024-01-01\n[train]\nlr = 0.1\nepochs = 3\n');
  workspace.write('config.toml', 'model.width = 32\n');
  await workspace.repro();
  return workspace;
}

const stateOf = async (workspace: PipelineWorkspace): Promise<string | undefined> =>
  (await pipelineStatus(workspace.host())).stages[0]?.state;

describe('values in TOML', () => {
  it('are parameters, single keys of a dependency and values for ${…}; spelling, order and other keys rerun nothing', async () => {
    const workspace = await ran();
    expect(workspace.read('a.txt')).toBe('128 x\n');
    workspace.write('params.toml', '# c\ntrain = { epochs = 9, lr = 1.0e-1 }\nwhen = 2024-01-01\n');
    workspace.write('config.toml', '[model]\nwidth = 0x20\n');
    expect(await stateOf(workspace)).toBe('fresh');
    workspace.write('config.toml', '[model]\nwidth = 33\n');
    expect(await stateOf(workspace)).toBe('stale');
  });

  it('are refused with their place: no number, a key that is not there', async () => {
    const workspace = await ran();
    workspace.write('params.toml', 'when = 1\n[train]\nlr = nan\n');
    workspace.write('config.toml', '[model]\nheight = 1\n');
    await expect(workspace.repro()).rejects.toMatchObject({
      message: expect.stringMatching(
        /2 problems:\n {2}params\.toml:3:1: .*NaN.*\n {2}pipeline\.yaml:6:39: config\.toml has no 'model\.width'.*take it out of `deps`/,
      ) as string,
    });
  });
});

it('params diff shows files that only vars names', async () => {
  const workspace = await ran();
  workspace.commit('ran');
  workspace.write('sizes.toml', '[sizes]\nlarge = 256\n');
  workspace.write('other.json', '{\n\t"word": "y"\n}\n');
  expect(await paramsDiff({ a: undefined, b: undefined }, workspace.call())).toEqual([
    { file: 'other.json', key: 'word', old: 'x', new: 'y' },
    { file: 'sizes.toml', key: 'sizes.large', old: 128, new: 256 },
  ]);
});
