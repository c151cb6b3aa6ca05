import { describe, expect, it } from 'vitest';
import { commit } from '../../../src/actions/commit.js';
import { newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';
import { told, until } from './waiting.js';

/** The commit waits for whoever has stage `a`, says so, and ends when `go` is there. */
async function commitBeside(command: string, targets: readonly string[]) {
  const running = await newPipeline(`stages: {a: {run: "${command}", deps: [data/raw], outs: [a]}}`);
  const second = new PipelineWorkspace(running.root);
  const ran = running.repro();
  await told(running, ({ type }) => type === 'stage-start');
  const committed = commit({ targets }, second.call());
  await told(second, ({ type }) => type === 'waiting');
  running.write('go', '');
  return { running, second, ran: await ran, committed: await committed };
}

describe('commit beside a repro that runs the stage', () => {
  it.each([[['a']], [[]]])('waits for its end and records no half-written output: %j', async (targets) => {
    const command = `echo half > a; touch begun; ${until('go')}; echo whole > a`;
    const { running, second, ran, committed } = await commitBeside(command, targets);
    expect(ran.stages).toMatchObject([{ name: 'a', action: 'ran' }]);
    expect(committed.stages).toEqual([]);
    expect(second.events).toContainEqual(expect.objectContaining({ type: 'waiting', what: "stage 'a'" }));
    expect(running.read('a')).toBe('whole\n');
    expect((await running.repro()).stages).toMatchObject([{ action: 'fresh' }]);
  });

  it('records what is left of it, if it is named, where the run failed', async () => {
    const command = `echo half > a; ${until('go')}; false`;
    const { ran, committed } = await commitBeside(command, ['a']);
    expect(ran.stages).toMatchObject([{ name: 'a', action: 'failed' }]);
    expect(committed.stages).toMatchObject([{ name: 'a' }]);
  });
});

it('two commits of one stage at once record it once each and agree', async () => {
  const first = await newPipeline('stages: {a: {run: echo a > a, outs: [a]}}');
  await first.repro();
  first.write('a', 'edited\n');
  const second = new PipelineWorkspace(first.root);
  const both = await Promise.all([first, second].map((each) => commit({ targets: ['a'] }, each.call())));
  expect(both.flatMap(({ stages }) => stages.map(({ name }) => name))).toEqual(['a']);
  expect((await first.repro()).stages).toMatchObject([{ action: 'fresh' }]);
  expect(first.read('a')).toBe('edited\n');
});
