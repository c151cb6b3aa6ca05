import { expect, it } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline/pipeline-workspace.js';

const STAGES = `stages:
  make:
    foreach: [one, two]
    do: {run: 'mkdir -p made && echo \${item} > made/\${item}', outs: ['made/\${item}']}
  join: {run: cat made/one made/two > all.txt, deps: [made/one, made/two], outs: [all.txt], metrics: [{path: m.json, cache: false}]}
`;

async function emptied(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(STAGES.replace('> all.txt', '> all.txt && echo 1 > m.json'));
  await workspace.repro();
  for (const path of ['made/one', 'made/two', 'all.txt']) workspace.remove(path);
  return workspace;
}

it.each([
  ['a stage', ['join'], ['all.txt']],
  ['an instance', ['make@one'], ['made/one']],
  ['a group', ['make'], ['made/one', 'made/two']],
  ['a pattern', ['*@t*'], ['made/two']],
  ['a stage and a path', ['join', 'made/one'], ['all.txt', 'made/one']],
])('checkout puts there what %s made, and nothing else', async (_, targets, expected) => {
  const workspace = await emptied();
  const { changed, failure } = await checkout({ targets, force: false }, workspace.call());
  expect(failure).toBeUndefined();
  expect(changed.map(({ path }) => path)).toEqual(expected);
  const all = ['all.txt', 'made/one', 'made/two'];
  expect(all.filter((path) => workspace.has(path))).toEqual(expected);
});

it('checkout names the nearest stage or path for a name that is neither', async () => {
  const workspace = await emptied();
  await expect(checkout({ targets: ['jion'], force: false }, workspace.call())).rejects.toMatchObject({
    code: 'not-tracked',
    hint: expect.stringContaining("'join'") as string,
  });
});

it('checkout of a path goes on while pipeline.lock has the markers of a merge', async () => {
  const workspace = await emptied();
  const lock = workspace.read('pipeline.lock');
  workspace.write('pipeline.lock', `<<<<<<< a\n${lock}=======\n${lock}>>>>>>> b\n`);
  const { changed } = await checkout({ targets: ['all.txt'], force: false }, workspace.call());
  expect(changed).toMatchObject([{ path: 'all.txt' }]);
});
