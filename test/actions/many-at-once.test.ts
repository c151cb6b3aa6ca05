import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { status } from '../../src/actions/status.js';
import { why } from '../../src/actions/why.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { acquireLock } from '../../src/base/lock.js';
import { PipelineWorkspace } from '../pipeline/pipeline-workspace.js';
import { runAction, type ActionInput } from '../rig/action-process.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

const NO_LOCKS = fileURLToPath(new URL('../rig/no-locks.mjs', import.meta.url));

/** Runs an action in a process of its own; what it wrote to stderr, if it failed. */
async function inProcess(folder: WorkspaceFolder, action: ActionInput, ...node: string[]): Promise<string> {
  const { exitCode, stderr } = await runAction(folder.root, action, { node });
  return exitCode === 0 ? '' : stderr;
}

/** Folders `d0`, `d1`, … whose files are partly the same. */
function overlapping(folder: WorkspaceFolder, count: number): string[] {
  const names = Array.from({ length: count }, (_, index) => `d${index}`);
  names.forEach((name, index) => {
    for (let file = 0; file < 60; file += 1) folder.write(`${name}/${file}`, `shared ${file % (20 + index)}`);
    folder.write(`${name}/own`, `own of ${name}`);
    folder.write(`${name}/large`, Buffer.alloc(1_050_000, index % 3));
  });
  return names;
}

async function expectWhole(folder: WorkspaceFolder, names: readonly string[]): Promise<void> {
  const { damaged, missing, problems } = await fsck({}, folder.call);
  expect({ damaged, missing, problems }).toEqual({ damaged: [], missing: [], problems: [] });
  const before = names.map((name) => listing(folder.path(name)));
  for (const name of names) folder.remove(name);
  await folder.checkout();
  expect(names.map((name) => listing(folder.path(name)))).toEqual(before);
}

describe('many at once', () => {
  test('eight processes add data that overlaps, and the store has it all', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    const names = overlapping(folder, 8);
    const said = await Promise.all(names.map((name) => inProcess(folder, ['add', { paths: [name] }])));
    expect(said.filter(Boolean)).toEqual([]);
    expect((await folder.status()).tracked.map(({ state }) => state)).toEqual(names.map(() => 'clean'));
    await expectWhole(folder, names);
  });

  test('where locks do not work, writers leave a store that can be read, and pointers to what is there', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    const names = overlapping(folder, 3);
    await folder.add('d0');
    folder.write('d0/own', 'edited');
    const free = ['--import', NO_LOCKS];
    const said = await Promise.all([
      ...['d1', 'd2', 'd1'].map((name) => inProcess(folder, ['add', { paths: [name] }], ...free)),
      inProcess(folder, ['commit', { targets: ['d0'] }], ...free),
    ]);
    expect(said.filter(Boolean)).toEqual([]);
    await expectWhole(folder, names);
  });

  test('whoever only looks waits for nobody', async () => {
    const workspace = new PipelineWorkspace();
    workspace.write('data/a', 'a');
    await workspace.add('data');
    workspace.write('pipeline.yaml', 'stages: {copy: {run: cp data/a out, deps: [data], outs: [out]}}');
    const held = await Promise.all(
      ['workspace', 'repro', 'pipeline-lock', 'config', 'gc', 'store'].map((name) =>
        acquireLock({ path: workspace.path(`.ocrstore/locks/${name}`), what: name, command: 'a test' }),
      ),
    );
    const seen: OcrpipeEvent[] = [];
    const call = { ...workspace.call(), events: (event: OcrpipeEvent) => void seen.push(event) };
    expect((await status(call)).tracked).toMatchObject([{ path: 'data', state: 'new' }]);
    await why('copy', call);
    await fsck({}, call);
    expect(seen.filter(({ type }) => type === 'waiting')).toEqual([]);
    for (const lock of held) lock.release();
  });

  test('while a stage runs, data is added, checked out and looked at, and a second repro waits and says for whom', async () => {
    const workspace = new PipelineWorkspace();
    workspace.write('data/a', 'a');
    workspace.write('other/x', 'x');
    workspace.write('third/y', 'y');
    await workspace.add('data');
    await workspace.add('third');
    spawnSync('mkfifo', [workspace.path('gate')]);
    const stage = 'cat data/a gate > out';
    workspace.write('pipeline.yaml', `stages: {slow: {run: ${stage}, deps: [data], outs: [out]}}`);
    workspace.remove('third');
    const begun = new Promise<void>((resolve) => {
      const watch = workspace.events;
      const push = watch.push.bind(watch);
      watch.push = (...events) => {
        if (events.some(({ type }) => type === 'stage-start')) resolve();
        return push(...events);
      };
    });
    const first = workspace.repro();
    await begun;
    const folder = new WorkspaceFolder(workspace.root);
    await folder.add('other');
    await folder.checkout(['third']);
    expect(folder.read('third/y')).toBe('y');
    expect(await folder.state('other')).toBe('new');
    const second = new PipelineWorkspace(workspace.root);
    const waited = second.repro();
    while (!second.events.some(({ type }) => type === 'waiting')) await new Promise(setImmediate);
    expect(second.events.find(({ type }) => type === 'waiting')).toMatchObject({
      what: "stage 'slow'",
      holder: expect.stringMatching(/^test \(process \d+ on /) as string,
    });
    appendFileSync(workspace.path('gate'), ' and the gate');
    expect((await first).stages).toMatchObject([{ action: 'ran' }]);
    expect((await waited).stages).toMatchObject([{ action: 'fresh' }]);
    expect(workspace.read('out')).toBe('a and the gate');
    const { damaged, missing } = await fsck({}, folder.call);
    expect({ damaged, missing }).toEqual({ damaged: [], missing: [] });
  });
});
