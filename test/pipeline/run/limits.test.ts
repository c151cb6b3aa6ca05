import { readdirSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { gpusFor, visibleGpus } from '../../../src/pipeline/definition/stage/gpus.js';
import { delayAfter } from '../../../src/pipeline/definition/stage/retry.js';
import { StageTimes } from '../../../src/pipeline/run/stage-times.js';
import { logs } from '../../../src/actions/logs.js';
import { memoryFolder } from '../../../src/tracking/memory-folder.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Fails until it has been run so often. */
const failsTimes = (count: number): string =>
  `echo try; echo x >> tries; test $(wc -l < tries) -gt ${count} && echo done > out`;

async function printed(workspace: PipelineWorkspace, attempt?: number): Promise<string> {
  let text = '';
  const onText = (part: string): void => void (text += part);
  await logs({ target: 'a', attempt, follow: false, onText }, workspace.call());
  return text;
}

describe('a stage that fails', () => {
  it('is run again as often as retry says, and its signature is that of one that did not fail', async () => {
    const workspace = await newPipeline(
      `stages: {a: {run: ["${failsTimes(2)}"], outs: [out], retry: {count: 2, delay: 0s}}}`,
    );
    expect((await workspace.repro()).stages).toMatchObject([{ name: 'a', action: 'ran' }]);
    const retries = workspace.events.filter(({ type }) => type === 'stage-retry');
    expect(retries).toMatchObject([
      { attempt: 1, error: { code: 'stage-failed' } },
      { attempt: 2, error: { code: 'stage-failed' } },
    ]);
    expect(workspace.read('pipeline.lock')).not.toContain('retry');
    workspace.write('pipeline.yaml', `stages: {a: {run: ["${failsTimes(2)}"], outs: [out], retry: 7}}`);
    expect((await workspace.repro()).stages).toMatchObject([{ action: 'fresh' }]);
    expect(await printed(workspace, 1)).toBe('try\n');
    expect(await printed(workspace)).toBe('try\n');
    await expect(printed(workspace, 9)).rejects.toMatchObject({ code: 'no-log' });
  });

  it.each([
    [true, 'ran', 'x\nx\nx\n'],
    [false, 'failed', 'x\n'],
  ])(
    'finds what the attempt before left where the output persists (%j)',
    async (persist, action, content) => {
      const workspace = await newPipeline(
        `stages: {a: {run: "echo x >> out; test $(wc -l < out) -gt 2", outs: [{path: out, persist: ${persist}}], retry: {count: 2, delay: 0s}}}`,
      );
      expect((await workspace.repro()).stages).toMatchObject([{ name: 'a', action }]);
      expect(workspace.read('out')).toBe(content);
    },
  );

  it('is failed when all attempts are', async () => {
    const workspace = await newPipeline(`stages: {a: {run: "exit 4", retry: {count: 1, delay: 0s}}}`);
    const { stages } = await workspace.repro();
    expect(stages).toMatchObject([{ action: 'failed', error: { code: 'stage-failed' } }]);
    expect(readdirSync(workspace.path('.ocrstore/logs/a')).sort()).toEqual(['1.log', '2.log']);
  });

  it('ends the others with failFast, which are told as ended and not recorded', async () => {
    const endless = 'echo half > half; until false; do sleep 0.01; done';
    const workspace = await newPipeline(
      `stages: {a: {run: "until test -e half; do sleep 0.01; done; exit 1"}, b: {run: "${endless}", outs: [half]}}`,
    );
    const { stages } = await workspace.repro({ failFast: true });
    expect(stages).toMatchObject([
      { name: 'a', action: 'failed', error: { code: 'stage-failed' } },
      { name: 'b', action: 'failed', error: { code: 'stage-stopped' } },
    ]);
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('is ended when its time is over', async () => {
    const workspace = await newPipeline(
      `stages: {a: {run: "echo begun; until false; do sleep 0.01; done", outs: [out], timeout: 0.05s}}`,
    );
    const { stages } = await workspace.repro();
    expect(stages).toMatchObject([{ action: 'failed', error: { code: 'stage-timeout' } }]);
  });
});

describe('what pipeline.yaml says of limits', () => {
  it.each([
    ['timeout: soon', 'timeout'],
    ['retry: {count: 1, delay: 5}', 'retry'],
    ['retry: {count: -1}', 'retry'],
    ['retry: {times: 1}', 'retry'],
  ])('refuses %s with its place', async (limit) => {
    const workspace = await newPipeline(`stages:\n  a:\n    run: "true"\n    ${limit}\n`);
    await expect(workspace.repro()).rejects.toMatchObject({ exitCode: 2, location: { line: 4 } });
  });

  it('makes each wait longer than the one before, up to an hour', () => {
    const retry = { count: 9, delaySeconds: 10, backoff: 3 };
    expect([1, 2, 3, 9].map((attempt) => delayAfter(attempt, retry))).toEqual([10, 30, 90, 3600]);
    expect(delayAfter(10, retry)).toBeUndefined();
    expect(delayAfter(1, undefined)).toBeUndefined();
  });
});

describe('the GPUs of slots', () => {
  it('are those that the user chose, up to the first that is none', () => {
    expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '2, 0,GPU-8a-1' })).toEqual(['2', '0', 'GPU-8a-1']);
    expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '1,-1,2' })).toEqual(['1']);
    expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '' })).toEqual([]);
  });

  it('go to one stage each as long as there are enough, and are shared evenly beyond', () => {
    expect(gpusFor(2, ['3', '1', '0'], ['3'])).toEqual(['1', '0']);
    expect(gpusFor(1, ['0', '1'], ['0', '1', '0'])).toEqual(['1']);
    expect(gpusFor(1, [], [])).toEqual([]);
  });

  it('are handed to the commands of a stage, two to one that takes two', async () => {
    stubEnvironment({ CUDA_VISIBLE_DEVICES: '4,6,9' });
    const show = 'echo $CUDA_VISIBLE_DEVICES';
    const workspace = await newPipeline(
      `stages: {a: {run: "${show} > a", outs: [a], resources: {gpu: 2}}, b: {run: "${show} > b", deps: [a], outs: [b]}}`,
    );
    await workspace.repro();
    expect([workspace.read('a'), workspace.read('b')]).toEqual(['4,6\n', '4,6,9\n']);
  });
});

describe('what is learnt of times', () => {
  it('is what a stage is expected to take, and of one that never ran the median', async () => {
    const { root } = await newPipeline();
    const names = new Set(['a', 'b', 'c', 'gone']);
    const first = new StageTimes(root);
    expect(first.expected('a')).toBe(1);
    first.learn('a', 10);
    first.learn('b', 2);
    first.learn('gone', 30);
    first.save(names);
    const second = new StageTimes(root);
    expect(['a', 'b', 'c'].map((name) => second.expected(name))).toEqual([10, 2, 10]);
    second.learn('a', 20);
    second.save(new Set(['a', 'b', 'c']));
    const third = new StageTimes(root);
    expect(third.expected('a')).toBe(15);
    expect(third.expected('gone')).toBe(15);
    writeFileSync(`${memoryFolder(root)}/stage-times.json`, '{"torn');
    expect(new StageTimes(root).expected('a')).toBe(1);
  });
});
