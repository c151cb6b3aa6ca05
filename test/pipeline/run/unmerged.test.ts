import { describe, expect, it } from 'vitest';
import { commit } from '../../../src/actions/commit.js';
import { metricsDiff } from '../../../src/actions/metrics-diff.js';
import { metricsShow } from '../../../src/actions/metrics-show.js';
import { status } from '../../../src/actions/status.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const MARKERS = '{\n<<<<<<< HEAD\n  "bytes": 1\n=======\n  "bytes": 2\n>>>>>>> other\n}\n';

/** A pipeline that has run, whose figures a merge left unresolved. */
async function unmerged(file = 'reports/test.json'): Promise<PipelineWorkspace> {
  const workspace = await newPipeline();
  workspace.write('pipeline.yaml', workspace.read('pipeline.yaml').replaceAll('reports/test.json', file));
  await workspace.repro();
  workspace.commit('first');
  workspace.write(file, MARKERS);
  return workspace;
}

const refusal = (file: string) => ({
  code: 'conflict-markers',
  exitCode: 2,
  location: { file, line: 2, column: 1 },
  hint: expect.stringContaining("'ocrpipe repro --force evaluate'") as string,
});

describe('a metrics file with the markers of a merge', () => {
  it.each(['reports/test.json', 'reports/test.yaml'])(
    'is refused where %s is shown or compared',
    async (file) => {
      const call = (await unmerged(file)).call();
      await expect(metricsShow({ rev: undefined }, call)).rejects.toMatchObject(refusal(file));
      await expect(metricsDiff({ a: undefined, b: undefined }, call)).rejects.toMatchObject(refusal(file));
      expect(await metricsShow({ rev: 'HEAD' }, call)).toHaveLength(1);
    },
  );

  it.each([[['evaluate']], [[]]])('is not recorded by commit %j', async (targets) => {
    const workspace = await unmerged();
    const lock = workspace.read('pipeline.lock');
    await expect(commit({ targets }, workspace.call())).rejects.toMatchObject(refusal('reports/test.json'));
    expect(workspace.read('pipeline.lock')).toBe(lock);
  });

  it('is what status finds in the way, and repro refuses, until it is made anew or resolved', async () => {
    const workspace = await unmerged();
    expect((await status(workspace.call())).problems).toMatchObject([
      { code: 'conflict-markers', location: { line: 2 } },
    ]);
    await expect(workspace.repro()).rejects.toMatchObject(refusal('reports/test.json'));
    workspace.ran();
    expect((await workspace.actions({ targets: ['evaluate'], force: true })).ran).toEqual(['evaluate']);
    expect(await metricsShow({ rev: undefined }, workspace.call())).toHaveLength(1);
    workspace.write('reports/test.json', MARKERS);
    workspace.git('checkout', '--', 'reports/test.json');
    expect((await workspace.actions()).ran).toEqual([]);
  });

  it('says of a commit that has them that it has', async () => {
    const workspace = await unmerged();
    workspace.commit('with markers');
    await expect(metricsShow({ rev: 'HEAD' }, workspace.call())).rejects.toMatchObject({
      code: 'conflict-markers',
      location: { file: 'HEAD:reports/test.json', line: 2 },
      hint: 'It was committed so: name another commit.',
    });
  });

  it('is no result of a stage that makes one', async () => {
    const workspace = await newPipeline(
      'stages: {evaluate: {run: "cp m.txt reports.csv", deps: [m.txt], metrics: [reports.csv]}}',
    );
    workspace.write('m.txt', MARKERS);
    const { stages } = await workspace.repro();
    expect(stages).toMatchObject([{ action: 'failed', error: { code: 'conflict-markers' } }]);
    expect(workspace.has('pipeline.lock')).toBe(false);
  });
});
