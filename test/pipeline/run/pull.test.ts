import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pull } from '../../../src/actions/pull.js';
import { push } from '../../../src/actions/push.js';
import { remoteAdd } from '../../../src/actions/remote-add.js';
import { repro, type ReproInput } from '../../../src/actions/repro.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { git } from '../../rig/git-repository.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { byName, newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';

/** Two branches of work that share nothing: `a` from data/raw, `b` from data/other. */
const STAGES = `stages:
  prepare: {run: "mkdir p && cp data/raw/* p && echo prepare >> ran.log", deps: [data/raw], outs: [p]}
  train: {run: "cat p/* > w; echo $(grep lr params.yaml) >> w; echo train >> ran.log", deps: [p], params: [lr], outs: [w]}
  other: {run: "cp data/other o; echo other >> ran.log", deps: [data/other], outs: [o]}
`;

/** Everything run for lr 1 and lr 2, committed, and pushed with all runs. */
async function pushed(scope = { runs: true }): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(STAGES);
  workspace.write('data/other', 'other\n');
  await workspace.add('data/other');
  const remote = join(temporaryFolder(), 'remote');
  await remoteAdd({ name: 'r', settings: { url: remote }, makeDefault: true, check: true }, workspace.call());
  for (const lr of ['2', '1']) {
    workspace.write('params.yaml', `lr: ${lr}\n`);
    await workspace.repro();
  }
  workspace.commit('all');
  await push({ targets: [], verify: false, jobs: 2, scope }, workspace.call());
  workspace.ran();
  return workspace;
}

/** The same on a machine that has nothing but what git holds. */
function cloneOf(workspace: PipelineWorkspace): PipelineWorkspace {
  const clone = join(temporaryFolder(), 'clone') as AbsPath;
  git(workspace.root, 'clone', '-q', workspace.root, clone);
  return new PipelineWorkspace(clone);
}

const PLAIN: ReproInput = {
  ...{ targets: [], reach: 'upstream', force: false, dryRun: false, jobs: 2, keepGoing: false },
  ...{ failFast: false, runCache: true, commit: true },
};

async function actionsOf(
  workspace: PipelineWorkspace,
  input: Partial<ReproInput> = {},
): Promise<Record<string, string>> {
  const { stages } = await repro({ ...PLAIN, ...input }, workspace.call());
  return byName(stages, ({ action }) => action);
}

const FRESH = { prepare: 'fresh', train: 'fresh', other: 'fresh' };

describe('repro --pull in a new clone', () => {
  it('brings what stages read and what they made, and runs nothing', async () => {
    const clone = cloneOf(await pushed());
    await expect(actionsOf(clone)).rejects.toMatchObject({ code: 'missing-data' });
    expect(await actionsOf(clone, { pull: true })).toEqual({
      prepare: 'restored',
      train: 'restored',
      other: 'restored',
    });
    expect(clone.read('w')).toBe('a\nb\nlr: 1\n');
    expect(clone.has('data/raw/a.txt')).toBe(true);
    expect(clone.ran()).toEqual([]);
    expect(clone.git('status', '--porcelain')).toBe('');
    expect(await actionsOf(clone)).toEqual(FRESH);
  });

  it('restores an earlier result that only a run record of the remote names', async () => {
    const clone = cloneOf(await pushed());
    clone.write('params.yaml', 'lr: 2\n');
    expect(await actionsOf(clone, { pull: true })).toMatchObject({ train: 'restored' });
    expect(clone.read('w')).toBe('a\nb\nlr: 2\n');
    expect(clone.ran()).toEqual([]);
  });

  it('runs what no remote has a result of, with the data that it brought', async () => {
    const clone = cloneOf(await pushed());
    clone.write('params.yaml', 'lr: 3\n');
    expect(await actionsOf(clone, { pull: true })).toEqual({
      prepare: 'restored',
      train: 'ran',
      other: 'restored',
    });
    expect(clone.read('w')).toBe('a\nb\nlr: 3\n');
  });

  it('goes on without earlier results where the remote is gone, and says what it lacks where data is needed', async () => {
    const workspace = await pushed();
    const clone = cloneOf(workspace);
    await pull({ targets: [], jobs: 2, force: false }, clone.call());
    clone.remove('.ocrstore/runs');
    const bare = cloneOf(workspace);
    for (const each of [clone, bare]) {
      each.write('.ocrstore/config.local.yaml', 'version: 1\nremotes: {r: {url: /nowhere/at/all}}\n');
    }
    clone.write('params.yaml', 'lr: 2\n');
    expect(await actionsOf(clone, { pull: true })).toMatchObject({ train: 'ran' });
    expect(clone.events).toContainEqual(expect.objectContaining({ code: 'result-not-brought' }));
    await expect(actionsOf(bare, { pull: true })).rejects.toMatchObject({ exitCode: 2 });
  });

  it('brings a result anew whose stored bytes are damaged here', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: cp large o, params: [lr], deps: [large], outs: [o]}}',
    );
    const large = 'x'.repeat(2 ** 20);
    workspace.write('large', large);
    workspace.write('params.yaml', 'lr: 1\n');
    const url = join(temporaryFolder(), 'remote');
    await remoteAdd({ name: 'r', settings: { url }, makeDefault: true, check: true }, workspace.call());
    await workspace.repro();
    await push({ targets: ['o'], verify: false, jobs: 2 }, workspace.call());
    workspace.remove('o');
    const id = contentIdOf(large);
    const stored = workspace.path(`.ocrstore/objects/${id.slice(0, 2)}/${id.slice(2)}`);
    chmodSync(stored, 0o644);
    writeFileSync(stored, 'z'.repeat(2 ** 20));
    expect(await actionsOf(workspace, { pull: true })).toEqual({ a: 'restored' });
    expect(workspace.read('o')).toBe(large);
  });

  it('asks the remote that is named instead of the default one, and refuses a name that none has', async () => {
    const workspace = await pushed();
    const url = join(temporaryFolder(), 'backup');
    await remoteAdd({ name: 'backup', settings: { url }, makeDefault: false, check: true }, workspace.call());
    const how = { targets: [], verify: false, jobs: 2, scope: { runs: true } };
    await push({ ...how, remote: 'backup' }, workspace.call());
    workspace.commit('another remote');
    const clone = cloneOf(workspace);
    clone.write('.ocrstore/config.local.yaml', 'version: 1\nremotes: {r: {url: /nowhere/at/all}}\n');
    clone.write('params.yaml', 'lr: 2\n');
    await expect(actionsOf(clone, { pull: true, remote: 'bakcup' })).rejects.toMatchObject({
      code: 'unknown-remote',
    });
    expect(await actionsOf(clone, { pull: true, remote: 'backup' })).toEqual({
      prepare: 'restored',
      train: 'restored',
      other: 'restored',
    });
    expect(clone.ran()).toEqual([]);
  });

  it('brings an output that has a remote of its own from there, whichever remote is named', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "cp data/raw/a.txt o; echo a >> ran.log", deps: [data/raw], outs: [{path: o, remote: own}]}}',
    );
    for (const name of ['r', 'own']) {
      const url = join(temporaryFolder(), name);
      await remoteAdd({ name, settings: { url }, makeDefault: false, check: true }, workspace.call());
    }
    await workspace.repro();
    workspace.commit('all');
    await push({ targets: ['data/raw'], remote: 'r', verify: false, jobs: 2 }, workspace.call());
    await push({ targets: ['o'], remote: 'own', verify: false, jobs: 2 }, workspace.call());
    workspace.ran();
    const clone = cloneOf(workspace);
    expect(await actionsOf(clone, { pull: true, remote: 'r' })).toEqual({ a: 'restored' });
    expect(clone.ran()).toEqual([]);
  });

  it('asks no remote in a dry run, and promises what a run then does', async () => {
    const clone = cloneOf(await pushed());
    const dry = await actionsOf(clone, { pull: true, dryRun: true });
    const { files } = clone.host();
    expect(files.pointers().filter(({ snapshot }) => files.inStore(snapshot))).toEqual([]);
    expect(Object.keys(dry)).toEqual(['prepare', 'other', 'train']);
    expect(clone.has('data/raw')).toBe(false);
  });
});

describe('repro --allow-missing in a new clone', () => {
  it('finds everything fresh that is as the pointers say, and brings nothing', async () => {
    const clone = cloneOf(await pushed());
    expect(await actionsOf(clone, { allowMissing: true })).toEqual(FRESH);
    expect(await actionsOf(clone, { allowMissing: true, dryRun: true })).toEqual(FRESH);
    expect(await actionsOf(clone, { allowMissing: true, pull: true })).toEqual(FRESH);
    for (const name of ['data/raw', 'data/other', 'p', 'w', 'o']) expect(clone.has(name)).toBe(false);
    expect(clone.git('status', '--porcelain')).toBe('');
  });

  it('with --pull brings only what the stages read that run', async () => {
    const clone = cloneOf(await pushed({ runs: false }));
    clone.write('params.yaml', 'lr: 3\n');
    expect(await actionsOf(clone, { allowMissing: true, pull: true })).toEqual({ ...FRESH, train: 'ran' });
    expect(clone.read('w')).toBe('a\nb\nlr: 3\n');
    expect(clone.has('p/a.txt')).toBe(true);
    for (const name of ['data/raw', 'data/other', 'o']) expect(clone.has(name)).toBe(false);
    expect(await actionsOf(clone, { allowMissing: true })).toEqual(FRESH);
  });

  it('refuses before anything runs a stage whose data is nowhere here, also in a dry run', async () => {
    const clone = cloneOf(await pushed());
    clone.write('params.yaml', 'lr: 3\n');
    for (const dryRun of [true, false]) {
      await expect(actionsOf(clone, { allowMissing: true, dryRun })).rejects.toMatchObject({
        code: 'missing-data',
        exitCode: 2,
        hint: "Get them: 'ocrpipe pull p', or let repro do it with --pull.",
      });
    }
    expect(clone.ran()).toEqual([]);
  });

  it('takes an edit for an edit, and a file deleted from data that is here for deleted', async () => {
    const workspace = await pushed();
    workspace.remove('data/raw/a.txt');
    workspace.remove('data/other');
    expect(await actionsOf(workspace, { allowMissing: true })).toEqual({
      prepare: 'ran',
      train: 'ran',
      other: 'fresh',
    });
    expect(workspace.read('w')).toBe('b\nlr: 1\n');
    expect(workspace.has('data/other')).toBe(false);
  });
});

describe('runs that were pushed and pulled with --runs', () => {
  it('give an earlier result back on the second machine without running', async () => {
    const clone = cloneOf(await pushed());
    await pull({ targets: [], jobs: 2, force: false, scope: { runs: true } }, clone.call());
    expect(await actionsOf(clone)).toEqual(FRESH);
    clone.write('params.yaml', 'lr: 2\n');
    expect(await actionsOf(clone)).toEqual({ ...FRESH, train: 'restored' });
    expect(clone.read('w')).toBe('a\nb\nlr: 2\n');
    expect(clone.ran()).toEqual([]);
  });
});
