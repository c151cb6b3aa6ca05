import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { byName } from '../pipeline-workspace.js';
import { ClusterWorkspace, waitFor } from './cluster-workspace.js';

const page = readFileSync(new URL('../../../docs/executors.md', import.meta.url), 'utf8');
const example = /```js\n\/\/ tools\/box\.mjs\n(.*?)```/s.exec(page)![1]!;
const declaration = /```yaml\n(executors:\n {2}box:.*?)```/s.exec(page)![1]!;

let workspace: ClusterWorkspace;

beforeEach(() => {
  workspace = new ClusterWorkspace();
  workspace.write('tools/box.mjs', example);
  workspace.write('.ocrstore/config.yaml', `version: 1\n${declaration}`);
});

describe('the executor of docs/executors.md', () => {
  it('runs stages, and what they made is recorded', async () => {
    workspace.write(
      'pipeline.yaml',
      `stages:
  one: {run: echo 1 > one.txt; echo made, outs: [one.txt], executor: box}
  two: {run: cat one.txt one.txt > two.txt, deps: [one.txt], outs: [two.txt], executor: box}
`,
    );
    const { stages } = await workspace.repro();
    expect(byName(stages, ({ action }) => action)).toEqual({ one: 'ran', two: 'ran' });
    expect(workspace.read('two.txt')).toBe('1\n1\n');
    expect(workspace.events).toContainEqual({
      ...{ type: 'stage-output', stage: 'one' },
      ...{ stream: 'stdout', line: 'made' },
    });
    expect((await workspace.actions()).actions).toEqual({ one: 'fresh', two: 'fresh' });
  });

  it('shows the end of what a failed job printed', async () => {
    workspace.write('pipeline.yaml', 'stages: {bad: {run: echo why; exit 4, executor: box}}\n');
    const [bad] = (await workspace.repro()).stages;
    expect(bad).toMatchObject({ action: 'failed', error: { code: 'stage-failed' }, lastLines: ['why'] });
  });

  it('cancels a job that is interrupted', async () => {
    workspace.write(
      'pipeline.yaml',
      `stages: {slow: {run: ${JSON.stringify(waitFor('go'))}, executor: box}}\n`,
    );
    const stop = new AbortController();
    const begun = workspace.printed('begun');
    const done = workspace.repro({}, stop.signal);
    await begun;
    stop.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    expect(workspace.jobState('slow').settled).toBe(true);
  });
});

describe('executors that cannot be used', () => {
  it('are refused before anything runs, with the nearest name and the place', async () => {
    workspace.write('pipeline.yaml', 'stages:\n  x:\n    run: echo > x.txt\n    executor: bx\n');
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'unknown-executor',
      exitCode: 2,
      location: { file: 'pipeline.yaml', line: 4 },
    });
    workspace.write(
      'pipeline.yaml',
      'stages:\n  x:\n    run: echo > x.txt\n    executor: {slurm: {tmie: 5}}\n',
    );
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'invalid-value', location: { line: 4 } });
    expect(workspace.has('x.txt')).toBe(false);
  });

  it('are reported where their file makes none', async () => {
    workspace.write('tools/box.mjs', 'export const nothing = 1;\n');
    workspace.write(
      '.ocrstore/config.yaml',
      'version: 1\nexecutors: {bare: {type: module, module: tools/none.mjs}}\n',
    );
    workspace.write('pipeline.yaml', 'stages: {x: {run: echo > x.txt, executor: bare}}\n');
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'executor-module', exitCode: 2 });
  });
});
