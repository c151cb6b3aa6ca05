import { describe, expect, it } from 'vitest';
import { byName, newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';
import { oneBehindTheOther, until } from './waiting.js';

/** A command that goes on once the other one of its pair has begun: they run side by side, or for ever. */
const meets = (own: string, other: string): string =>
  `touch ${own}.begun; until test -e ${other}.begun; do sleep 0.01; done; echo ${own} > ${own}`;

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
    const { one, other, waited } = await oneBehindTheOther(first, {
      first: { targets: ['a'] },
      second: { targets: ['b'] },
    });
    expect(byName(one.stages, ({ action }) => action)).toEqual({ prep: 'ran', a: 'ran' });
    expect(byName(other.stages, ({ action }) => action)).toEqual({ prep: 'fresh', b: 'ran' });
    expect(waited).toEqual(["stage 'prep'"]);
    expect(first.ran().sort()).toEqual(['a', 'b', 'prep']);
  });

  it('give one slot of a pool to one stage at a time', async () => {
    const taking = (name: string): string =>
      `${name}: {run: "mkdir holding && ${name === 'a' ? until('go') : 'true'} && rmdir holding", resources: {licence: 1}, always: true}`;
    const first = await newPipeline(`stages: {${taking('a')}, ${taking('b')}}`);
    first.write('.ocrstore/config.local.yaml', 'pools: {licence: 1}\n');
    const { one, other, waited } = await oneBehindTheOther(first, {
      first: { targets: ['a'] },
      second: { targets: ['b'] },
    });
    expect([...one.stages, ...other.stages].map(({ action }) => action)).toEqual(['ran', 'ran']);
    expect(waited).toEqual(["licence for stage 'b'"]);
  });
});
