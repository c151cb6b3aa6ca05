import { describe, expect, it } from 'vitest';
import { add } from '../../../src/actions/add.js';
import { commit } from '../../../src/actions/commit.js';
import { metricsShow } from '../../../src/actions/metrics-show.js';
import { chooseTargets } from '../../../src/actions/remote-targets.js';
import { status } from '../../../src/actions/status.js';
import { why } from '../../../src/actions/why.js';
import { parseLockFile } from '../../../src/pipeline/records/lock-file.js';
import { Workspace } from '../../../src/project/workspace.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

const ROOT = `stages:
  split:
    foreach: [train, test]
    do:
      run: echo \${item} \${n} > split-\${item}.txt && echo split-\${item} >> ran.log
      outs: ['split-\${item}.txt']
`;
const INNER = `stages:
  fit:
    matrix: {size: [1, 2], model: [a, b]}
    run: cat ../../split-train.txt > w-\${key}.txt && echo \${item.size} \${lr} >> w-\${key}.txt && echo fit-\${key} >> ../../ran.log
    deps: [../../split-train.txt]
    params: [lr]
    outs: ['w-\${key}.txt']
  score:
    run: cat w-*.txt | wc -l | sed 's/.*/{"lines":&}/' > score.json
    deps: [{stage: fit}]
    metrics: [score.json]
`;

function several(): PipelineWorkspace {
  const workspace = new PipelineWorkspace();
  workspace.write('pipeline.yaml', ROOT);
  workspace.write('params.yaml', 'n: 0.50\nlr: 7\n');
  workspace.write('models/x/pipeline.yaml', INNER);
  workspace.write('models/x/params.yaml', 'lr: 0.1\n');
  workspace.write('.ocrstore/config.yaml', "version: 1\npipelines: ['models/*/pipeline.yaml']\n");
  return workspace;
}

describe('pipelines of several folders, with instances', () => {
  it('are one pipeline: run, recorded, asked for and restored by their whole names', async () => {
    const workspace = several();
    expect((await workspace.actions()).ran.sort()).toEqual(
      ['fit-a-1', 'fit-a-2', 'fit-b-1', 'fit-b-2', 'split-test', 'split-train'].sort(),
    );
    expect(workspace.read('models/x/w-a-1.txt')).toBe('train 0.5\n1 0.1\n');
    expect([...parseLockFile(workspace.read('pipeline.lock')).keys()]).toEqual([
      'models/x:fit@a-1',
      'models/x:fit@a-2',
      'models/x:fit@b-1',
      'models/x:fit@b-2',
      'models/x:score',
      'split@test',
      'split@train',
    ]);
    expect(await metricsShow({ rev: undefined }, workspace.call())).toMatchObject([
      { file: 'models/x/score.json', key: 'lines', value: 8 },
    ]);

    // Another way to write a number, and another order of keys, change nothing.
    workspace.write('params.yaml', 'lr: 7\nn: 0.5 # half\n');
    workspace.write(
      'models/x/pipeline.yaml',
      INNER.replace('{size: [1, 2], model: [a, b]}', '{model: [b, a], size: [2, 1]}'),
    );
    expect((await workspace.actions()).ran).toEqual([]);

    // The instances of one stage, some of them, and one typed in the folder of its file.
    const chosen = async (targets: string[], folder = ''): Promise<string[]> => {
      const cwd = folder === '' ? workspace.root : workspace.path(folder);
      const { stages } = await workspace.repro({ targets, cwd, dryRun: true });
      return stages.map(({ name }) => name);
    };
    expect(await chosen(['split'])).toEqual(['split@train', 'split@test']);
    expect((await chosen(['models/x:fit@*-2'])).filter((name) => name.includes('fit')).sort()).toEqual([
      'models/x:fit@a-2',
      'models/x:fit@b-2',
    ]);
    expect(await chosen(['fit@a-1'], 'models/x')).toEqual(['split@train', 'models/x:fit@a-1']);
    await expect(chosen(['models/x:fti'])).rejects.toMatchObject({
      code: 'unknown-stage',
      hint: expect.stringContaining('models/x:fit') as unknown,
    });

    // A changed value of the file beside the pipeline makes its stages stale, and no others.
    workspace.write('models/x/params.yaml', 'lr: 0.2\n');
    const reasons = (await why('models/x:fit@a-1', workspace.call()))[0]!.reasons;
    expect(reasons.map(({ kind }) => kind).sort()).toEqual(['command-changed', 'param-changed']);
    expect((await workspace.actions({ targets: ['models/x:fit'] })).ran).toHaveLength(4);
  });

  it('are known to the commands that take stages and outputs', async () => {
    const workspace = several();
    await workspace.actions({ targets: ['split', 'models/x:fit@a-1'] });
    await expect(add({ paths: ['models/x/w-a-1.txt'] }, workspace.call())).rejects.toMatchObject({
      code: 'stage-output',
      message: expect.stringContaining("'models/x:fit@a-1'") as unknown,
    });
    const opened = Workspace.open(workspace.call(), 'test');
    const targets = chooseTargets(opened, ['split', 'models/x:fit@*']);
    expect(targets.paths.map(({ path }) => path)).toEqual([
      'split-test.txt',
      'split-train.txt',
      'models/x/w-a-1.txt',
    ]);
    opened.close();
    workspace.write('split-test.txt', 'edited\n');
    expect((await commit({ targets: ['split'] }, workspace.call())).stages.map(({ name }) => name)).toEqual([
      'split@test',
    ]);
  });

  it('tell what is wrong with their files, each by its name', async () => {
    const workspace = several();
    workspace.write(
      'models/x/pipeline.yaml',
      'stages: {a: {run: "x ${absent}", outs: [../../split-test.txt]}, b: {run: y, outs: [../x]}}\n',
    );
    workspace.write(
      '.ocrstore/config.yaml',
      'version: 1\npipelines: [models/x/pipeline.yaml, gone/pipeline.yaml, models/x]\n',
    );
    const refusal = status(workspace.call());
    await expect(refusal).rejects.toThrow(/\.ocrstore\/config\.yaml:2:37: there is no gone\/pipeline\.yaml/);
    await expect(refusal).rejects.toThrow(
      /models\/x\/pipeline\.yaml:1:22: \$\{absent\}: nothing is named 'absent'/,
    );
    await expect(refusal).rejects.toThrow(
      /models\/x\/pipeline\.yaml:1:84: 'models\/x' cannot be an output: it holds models\/x\/pipeline\.yaml/,
    );
    await expect(refusal).rejects.toThrow(/'models\/x' in 'pipelines' is no pipeline\.yaml/);
  });
});
