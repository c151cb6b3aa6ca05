// Works in a workspace as people do, version after version, older ones again, and looks at what it gets: FOLDER ROUNDS.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , folder, rounds] = process.argv;
const load = async (name, action = name) => {
  const module = await import(new URL(`../../.cache/modules/actions/${name}.js`, import.meta.url).href);
  return module[action];
};
const [add, checkout, commit, push, repro] = await Promise.all(
  ['add', 'checkout', 'commit', 'push', 'repro'].map((name) => load(name)),
);
/* global AbortController */
const call = () => ({ cwd: folder, events: () => undefined, signal: new AbortController().signal });
const path = (name) => join(folder, name);
const expectContent = (name, content) => {
  const found = readFileSync(path(name), 'utf8');
  if (found !== content)
    throw new Error(`${name} holds ${JSON.stringify(found)}, not ${JSON.stringify(content)}`);
};
const putBack = async (name) => {
  rmSync(path(name), { recursive: true });
  const { failure } = await checkout({ targets: [name], force: false }, call());
  if (failure) throw failure;
};

for (let round = 0; round < Number(rounds); round += 1) {
  const content = `version ${round % 3} of ${folder}`;
  writeFileSync(path('data/a'), content);
  writeFileSync(path('data/large'), Buffer.alloc(1024 * 1024, content));
  await (round % 2 === 0 ? add({ paths: ['data'] }, call()) : commit({ targets: ['data'] }, call()));
  await putBack('data');
  expectContent('data/a', content);
  const { stages } = await repro(
    {
      targets: [],
      reach: 'upstream',
      force: false,
      dryRun: false,
      jobs: 1,
      keepGoing: false,
      runCache: true,
      commit: true,
    },
    call(),
  );
  if (stages.some(({ action }) => action === 'failed')) throw new Error(JSON.stringify(stages));
  await putBack('out');
  expectContent('out', content);
  if (round % 3 === 0) await push({ targets: [], verify: false, jobs: 2 }, call());
}
