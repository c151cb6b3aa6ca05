import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pull } from '../../../src/actions/pull.js';
import { push } from '../../../src/actions/push.js';
import { remoteAdd } from '../../../src/actions/remote-add.js';
import { repro, type ReproInput } from '../../../src/actions/repro.js';
import type { AbsPath } from '../../../src/base/paths.js';
import type { PointedPath } from '../../../src/tracking/workspace-files.js';
import { git } from '../../rig/git-repository.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { byName, PipelineWorkspace } from '../pipeline-workspace.js';

/** Each stage reads another part of data/raw; no stage reads data/raw/images. */
const STAGES = `stages:
  labels: {run: "cat data/raw/labels/*.json > l; echo labels >> ran.log", deps: [data/raw/labels/*.json], outs: [l]}
  width: {run: "cp data/raw/config.json w; echo width >> ran.log", deps: [{file: data/raw/config.json, keys: [width]}], outs: [w]}
  head: {run: "head -2 data/raw/meta.txt > h; echo head >> ran.log", deps: [{file: data/raw/meta.txt, lines: 1-2}], outs: [h]}
  fonts: {run: "cat data/raw/fonts/*/* > f; echo fonts >> ran.log", deps: [data/raw/fonts], outs: [f]}
`;

const READ = {
  'data/raw/labels/a.json': 'a\n',
  'data/raw/labels/b.json': 'b\n',
  'data/raw/config.json': '{"width": 3, "height": 4}\n',
  'data/raw/meta.txt': 'one\ntwo\nthree\n',
  'data/raw/fonts/serif/x': 'x\n',
};

const NOT_READ = {
  'data/raw/labels/a.xml': '<a/>\n',
  'data/raw/labels/old.json/c.json': 'c\n',
  'data/raw/images/1.png': 'an image\n',
};

/** All of it run, committed and pushed. */
async function pushed(prepare: (workspace: PipelineWorkspace) => void = () => undefined) {
  const workspace = new PipelineWorkspace();
  for (const [path, text] of Object.entries({ ...READ, ...NOT_READ })) workspace.write(path, text);
  prepare(workspace);
  await workspace.add('data/raw');
  workspace.write('pipeline.yaml', STAGES);
  const url = join(temporaryFolder(), 'remote');
  await remoteAdd({ name: 'r', settings: { url }, makeDefault: true, check: true }, workspace.call());
  await workspace.repro();
  workspace.ran();
  await publish(workspace);
  return workspace;
}

async function publish(workspace: PipelineWorkspace): Promise<void> {
  workspace.commit('all');
  await push({ targets: [], verify: false, jobs: 2, scope: { runs: true } }, workspace.call());
}

function cloneOf(workspace: PipelineWorkspace): PipelineWorkspace {
  const clone = join(temporaryFolder(), 'clone') as AbsPath;
  git(workspace.root, 'clone', '-q', workspace.root, clone);
  return new PipelineWorkspace(clone);
}

async function actionsOf(workspace: PipelineWorkspace, input: Partial<ReproInput> = {}) {
  const plain = { targets: [], reach: 'upstream', force: false, dryRun: false, jobs: 2 } as const;
  const how = { ...plain, keepGoing: false, failFast: false, runCache: true, commit: true };
  const { stages } = await repro({ ...how, ...input }, workspace.call());
  return byName(stages, ({ action }) => action);
}

function all(action: string) {
  return { labels: action, width: action, head: action, fonts: action };
}

/** The files of data/raw that are there. */
function filesIn(workspace: PipelineWorkspace): string[] {
  return Object.keys({ ...READ, ...NOT_READ }).filter((path) => workspace.has(path));
}

/** True if the store has all of data/raw. */
function hasWhole(workspace: PipelineWorkspace): boolean {
  const { files } = workspace.host();
  return files.inStore(files.pointers().find(({ path }) => path === 'data/raw')!.snapshot);
}

describe('repro --pull of stages that read parts of a tracked folder', () => {
  it('brings these parts and nothing else, runs what changed with them, and is up to date afterwards', async () => {
    const clone = cloneOf(await pushed());
    expect(Object.keys(await actionsOf(clone, { pull: true, dryRun: true }))).toEqual(Object.keys(all('')));
    expect(filesIn(clone)).toEqual([]);
    expect(await actionsOf(clone, { pull: true })).toEqual(all('restored'));
    expect(filesIn(clone)).toEqual(Object.keys(READ));
    expect(clone.events).toContainEqual(
      expect.objectContaining({
        message: 'data/raw: put there the parts that stages read of what its pointer names',
      }),
    );
    expect(hasWhole(clone)).toBe(false);
    expect(await actionsOf(clone)).toEqual(all('fresh'));
    expect(clone.git('status', '--porcelain')).toBe('');
    clone.write('pipeline.yaml', STAGES.replace('head -2', 'head -1'));
    expect(await actionsOf(clone)).toMatchObject({ head: 'ran', fonts: 'fresh' });
    expect(clone.read('h')).toBe('one\n');
  });

  it('brings the parts of the stages that are asked for, and those of others when they are', async () => {
    const clone = cloneOf(await pushed());
    expect(await actionsOf(clone, { pull: true, targets: ['fonts'] })).toEqual({ fonts: 'restored' });
    expect(filesIn(clone)).toEqual(['data/raw/fonts/serif/x']);
    await expect(actionsOf(clone)).rejects.toMatchObject({
      code: 'missing-data',
      hint: "Get the rest: 'ocrpipe pull data/raw', or with --pull only what stages read.",
    });
    expect(await actionsOf(clone, { pull: true })).toEqual({ ...all('restored'), fonts: 'fresh' });
    expect(filesIn(clone)).toEqual(Object.keys(READ));
  });

  it('takes what somebody has pulled of it for enough', async () => {
    const clone = cloneOf(await pushed());
    await pull({ targets: ['data/raw/labels/*.json', 'l'], jobs: 2, force: false }, clone.call());
    expect(await actionsOf(clone, { targets: ['labels'] })).toEqual({ labels: 'fresh' });
  });

  it('follows a pointer that moved with the parts that are there, also where a file of them is gone', async () => {
    const workspace = await pushed();
    const clone = cloneOf(workspace);
    await actionsOf(clone, { pull: true });
    workspace.remove('data/raw/labels/b.json');
    workspace.write('data/raw/labels/a.json', 'A\n');
    workspace.write('data/raw/labels/n.json', 'n\n');
    workspace.write('data/raw/images/2.png', 'another image\n');
    await workspace.add('data/raw');
    await publish(workspace);
    clone.git('pull', '-q');
    expect(await actionsOf(clone, { pull: true })).toMatchObject({ labels: 'ran', fonts: 'fresh' });
    expect(clone.read('l')).toBe('A\nn\n');
    expect(clone.has('data/raw/labels/b.json')).toBe(false);
    expect(clone.has('data/raw/images')).toBe(false);
    expect(await actionsOf(clone)).toEqual(all('fresh'));
  });

  it('runs on an edit in a part and points to the whole with it; refuses one whose pointer moved, too', async () => {
    const workspace = await pushed();
    const clone = cloneOf(workspace);
    await actionsOf(clone, { pull: true });
    clone.write('data/raw/config.json', '{"width": 5, "height": 4}\n');
    expect(await actionsOf(clone)).toEqual({ ...all('fresh'), width: 'ran' });
    const host = clone.host();
    const [{ snapshot }] = host.files.pointers().filter(({ path }) => path === 'data/raw') as [PointedPath];
    expect(host.within(snapshot, 'images')).toMatchObject({ kind: 'directory', files: 1 });
    workspace.write('data/raw/images/2.png', 'another image\n');
    await workspace.add('data/raw');
    await publish(workspace);
    clone.git('checkout', '-q', '.');
    clone.git('pull', '-q');
    clone.write('data/raw/config.json', '{"width": 7, "height": 4}\n');
    const refused = { code: 'changed-on-both-sides', exitCode: 2 };
    await expect(actionsOf(clone, { pull: true })).rejects.toMatchObject(refused);
    expect(clone.read('data/raw/config.json')).toContain('7');
  });

  it('brings the whole where links are in a part, which may lead to the rest', async () => {
    const clone = cloneOf(
      await pushed((workspace) => {
        symlinkSync('../../images/1.png', workspace.path('data/raw/fonts/serif/y'));
      }),
    );
    expect(await actionsOf(clone, { pull: true })).toEqual(all('restored'));
    expect(clone.read('data/raw/fonts/serif/y')).toBe('an image\n');
  });

  it('with --allow-missing brings what stages read once one of them runs', async () => {
    const clone = cloneOf(await pushed());
    const missing = { pull: true, allowMissing: true };
    clone.write('pipeline.yaml', STAGES.replace('cat data/raw/fonts', 'cat -n data/raw/fonts'));
    expect(await actionsOf(clone, missing)).toEqual({ ...all('fresh'), fonts: 'ran' });
    expect(filesIn(clone)).toEqual(Object.keys(READ));
    expect(hasWhole(clone)).toBe(false);
    expect(await actionsOf(clone, missing)).toEqual(all('fresh'));
  });
});
