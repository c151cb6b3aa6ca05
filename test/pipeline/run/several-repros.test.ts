import { describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { byName, newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';

/** A command that goes on once the other one of its pair has begun: they run side by side, or for ever. */
const meets = (own: string, other: string): string =>
  `touch ${own}.begun; until test -e ${other}.begun; do sleep 0.01; done; echo ${own} > ${own}`;

/** Waits in the workspace until `file` is there. */
const until = (file: string): string => `until test -e ${file}; do sleep 0.01; done`;

function waits(workspace: PipelineWorkspace): string[] {
  return workspace.events.flatMap((event) => (event.type === 'waiting' ? [event.what] : []));
}

/** Resolves when the workspace is told of such an event. */
async function told(workspace: PipelineWorkspace, wanted: (event: OcrpipeEvent) => boolean): Promise<void> {
  while (!workspace.events.some(wanted)) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('two repros of one workspace', () => {
  it('run disjoint stages side by side', async () => {
    const first = await newPipeline(
      `stages: {a: {run: "${meets('a', 'b')}", outs: [a]}, b: {run: "${meets('b', 'a')}", outs: [b]}}`,
    );
    const second = new PipelineWorkspace(first.root);
    const [a, b] = await Promise.all([
      first.repro({ targets: ['a'], jobs: 1 }),
      second.repro({ targets: ['b'], jobs: 1 }),
    ]);
    expect([...a.stages, ...b.stages].map(({ name, action }) => [name, action])).toEqual([
      ['a', 'ran'],
      ['b', 'ran'],
    ]);
    expect((await first.repro()).stages.map(({ action }) => action)).toEqual(['fresh', 'fresh']);
  });

  it('wait for each other on the same stage; the second says for whom, and finds nothing to do', async () => {
    const first = await newPipeline(
      `stages:
  prep: {run: "${until('go')}; echo p > prep; echo prep >> ran.log", outs: [prep]}
  a: {run: "cp prep a; echo a >> ran.log", deps: [prep], outs: [a]}
  b: {run: "cp prep b; echo b >> ran.log", deps: [prep], outs: [b]}
`,
    );
    const second = new PipelineWorkspace(first.root);
    const one = first.repro({ targets: ['a'] });
    await told(first, ({ type }) => type === 'stage-start');
    const other = second.repro({ targets: ['b'] });
    await told(second, ({ type }) => type === 'waiting');
    first.write('go', '');
    expect(byName((await one).stages, ({ action }) => action)).toEqual({ prep: 'ran', a: 'ran' });
    expect(byName((await other).stages, ({ action }) => action)).toEqual({ prep: 'fresh', b: 'ran' });
    expect(waits(second)).toEqual(["stage 'prep'"]);
    expect(first.ran().sort()).toEqual(['a', 'b', 'prep']);
  });

  it('give one slot of a pool to one stage at a time', async () => {
    const taking = (name: string): string =>
      `${name}: {run: "mkdir holding && ${name === 'a' ? until('go') : 'true'} && rmdir holding", resources: {licence: 1}, always: true}`;
    const first = await newPipeline(`stages: {${taking('a')}, ${taking('b')}}`);
    first.write('.ocrstore/config.local.yaml', 'pools: {licence: 1}\n');
    const second = new PipelineWorkspace(first.root);
    const one = first.repro({ targets: ['a'] });
    await told(first, ({ type }) => type === 'stage-start');
    const other = second.repro({ targets: ['b'] });
    await told(second, ({ type }) => type === 'waiting');
    first.write('go', '');
    const { stages } = await other;
    expect([...(await one).stages, ...stages].map(({ action }) => action)).toEqual(['ran', 'ran']);
    expect(waits(second)).toEqual(["licence for stage 'b'"]);
  });
});
