import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyBetween } from '../../../src/actions/why-between.js';
import { betweenText } from '../../../src/cli/why-text.js';
import type { Between } from '../../../src/pipeline/staleness/between.js';
import { fileListing } from '../../rig/file-listing.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

/** `prepare` gives the names of data/raw, `train` reads them, a folder of code and a parameter, `lint` nothing of these. */
const STAGES = `stages:
  prepare: {run: mkdir p && cp data/raw/* p, deps: [data/raw], outs: [p]}
  train: {run: "cat p/* code/* > w; grep -c . params.yaml >> w", deps: [p, code], params: [lr], outs: [w]}
  lint: {run: "true", params: [other]}
`;

let workspace: PipelineWorkspace;
const between = (target: string, from: string, to: string): Promise<Between> =>
  whyBetween({ target, from, to }, workspace.call());

/** first: as it begins. data: a file renamed, one changed. values: parameter and command. noise: a comment. */
beforeAll(async () => {
  workspace = await newPipeline(STAGES, afterAll);
  workspace.write('code/a.py', 'a');
  workspace.write('params.yaml', 'lr: 0.1\nother: 1\n');
  const tagged = async (name: string): Promise<void> => {
    await workspace.repro();
    workspace.commit(name);
    workspace.git('tag', name);
  };
  await tagged('first');
  workspace.write('data/raw/c.txt', workspace.read('data/raw/a.txt'));
  workspace.remove('data/raw/a.txt');
  workspace.write('data/raw/b.txt', 'bb\n');
  await tagged('data');
  workspace.write('params.yaml', 'lr: 0.5\nother: 1\n');
  workspace.write('pipeline.yaml', STAGES.replace('grep -c', 'grep --count'));
  await tagged('values');
  workspace.write('params.yaml', '# said\nother: 1\nlr: 0.50\n');
  await tagged('noise');
  workspace.write('data/raw/d.txt', 'd');
  await workspace.add('data/raw');
  workspace.commit('not run');
});

describe('why --between two commits', () => {
  it('names the files of directories, renamed ones as such, and the stage that made what changed', async () => {
    const [train, prepare] = (await between('train', 'first', 'data')).stages;
    const files = [
      { path: 'b.txt', change: 'modified' },
      { path: 'c.txt', change: 'renamed', from: 'a.txt' },
    ];
    expect(train).toMatchObject({
      name: 'train',
      reasons: [{ kind: 'dep-changed', subject: 'p', from: 'prepare', files }],
      results: [{ path: 'w' }],
      recorded: { from: true, to: true },
      outdated: [],
    });
    expect(prepare).toMatchObject({
      name: 'prepare',
      reasons: [{ kind: 'dep-changed', subject: 'data/raw', files }],
      results: [{ path: 'p', files }],
    });
    expect(prepare?.reasons[0]).not.toHaveProperty('from');
  });

  it('names parameters with old and new and the words of the command, and only the stages that differ', async () => {
    const { stages } = await between('w', 'data', 'values');
    expect(stages.map(({ name }) => name)).toEqual(['train']);
    expect(stages[0]?.reasons).toMatchObject([
      {
        kind: 'command-changed',
        words: expect.arrayContaining([{ change: 'added', words: '--count' }]) as unknown,
      },
      { kind: 'param-changed', subject: 'params.yaml:lr', old: 0.1, new: 0.5 },
    ]);
  });

  it('finds nothing where only comments, the order of keys and the way to write a number changed', async () => {
    const { stages } = await between('train', 'values', 'noise');
    expect(stages).toMatchObject([{ reasons: [], results: [], outdated: [] }]);
    expect(betweenText(await between('train', 'values', 'noise'))).toBe(
      'train ran with the same in values and noise',
    );
  });

  it('says where a commit has a pointer that its lock knows nothing of', async () => {
    const { stages } = await between('prepare', 'noise', 'HEAD');
    expect(stages).toMatchObject([{ reasons: [], outdated: [{ commit: 'HEAD', paths: ['data/raw'] }] }]);
  });

  it('goes backwards, says what a commit has not recorded, and refuses what neither knows', async () => {
    expect((await between('train', 'values', 'data')).stages[0]?.reasons[1]).toMatchObject({
      old: 0.5,
      new: 0.1,
    });
    const tree = workspace.git('mktree').trim();
    workspace.git('tag', 'empty', workspace.git('commit-tree', '-m', 'x', tree).trim());
    expect((await between('lint', 'empty', 'first')).stages).toMatchObject([
      { name: 'lint', recorded: { from: false, to: true }, reasons: [] },
    ]);
    await expect(between('trian', 'first', 'data')).rejects.toMatchObject({
      code: 'unknown-stage',
      exitCode: 2,
      hint: "Did you mean 'train'?",
    });
    await expect(between('train', 'first', 'nowhere')).rejects.toMatchObject({ code: 'unknown-revision' });
  });

  it('changes and checks out nothing, and reads well', async () => {
    const files = fileListing(workspace.root);
    const text = betweenText(await between('train', 'first', 'values'));
    expect(fileListing(workspace.root)).toEqual(files);
    expect(text.split('\n')).toEqual([
      'train differs between first and values:',
      '  command changed',
      '    - -c',
      '    + --count',
      '  p changed (made by prepare)',
      '    modified: b.txt',
      '    renamed: a.txt -> c.txt',
      '  params.yaml:lr: 0.1 -> 0.5',
      '  result w',
      'prepare differs between first and values:',
      '  data/raw changed',
      '    modified: b.txt',
      '    renamed: a.txt -> c.txt',
      '  result p',
      '    modified: b.txt',
      '    renamed: a.txt -> c.txt',
    ]);
  });

  it('says what is written otherwise where the stage never ran in between, and for a stage that never ran', async () => {
    workspace.write(
      'pipeline.yaml',
      `${STAGES.replace('grep -c', 'grep --count').replace('cp data/raw/*', 'cp -p data/raw/*').replace('deps: [p, code]', 'deps: [p, code, train.sh]')}  more: {run: wc w, deps: [w], params: [{file: more.toml, keys: [size]}], outs: [v]}\n`,
    );
    workspace.write('more.toml', 'size = 1\n');
    workspace.write('params.yaml', 'other: 1\nlr: 0.7\n');
    workspace.commit('written');
    workspace.git('tag', 'written');
    workspace.write('more.toml', 'size = 2\n');
    workspace.commit('more');
    const { stages } = await between('train', 'noise', 'written');
    expect(stages[0]).toMatchObject({
      ...{ name: 'train', reasons: [], results: [] },
      written: [
        { kind: 'dep-added', subject: 'train.sh' },
        { kind: 'param-changed', subject: 'params.yaml:lr', old: 0.5, new: 0.7 },
      ],
    });
    expect(betweenText(await between('train', 'noise', 'written')).split('\n')).toEqual([
      'train ran with the same in noise and written',
      '  written otherwise, which no recorded run shows:',
      '    train.sh is a new dependency',
      '    params.yaml:lr: 0.5 -> 0.7',
      'prepare ran with the same in noise and written',
      '  written otherwise, which no recorded run shows:',
      '    command changed',
      '      + -p',
      '  in written, pipeline.lock is older than the pointer of data/raw: it was not run with that',
    ]);
    expect(
      betweenText(await between('v', 'written', 'HEAD'))
        .split('\n')
        .slice(0, 3),
    ).toEqual([
      'more was recorded neither in written nor in HEAD',
      '  written otherwise, which no recorded run shows:',
      '    more.toml:size: 1 -> 2',
    ]);
  });

  it('compares the recorded runs alone, and says so, where pipeline.yaml of a commit cannot be read', async () => {
    workspace.write('pipeline.yaml', 'stages: {train: {rum: x}}\n');
    workspace.commit('broken');
    const { stages } = await between('train', 'first', 'HEAD');
    expect(stages[0]).toMatchObject({ name: 'train', written: [], recorded: { from: true, to: true } });
    expect(workspace.events).toContainEqual(
      expect.objectContaining({
        ...{ type: 'note', level: 'warning', code: 'unknown-key' },
        message: expect.stringContaining(
          'only recorded runs are compared, as the pipeline of HEAD',
        ) as string,
      }),
    );
  });
});
