import { join } from 'node:path';
import { expect } from 'vitest';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { STAND_IN_STAGE } from '../rig/stand-in-stages.js';
import { TestWorkspace, newWorkspace } from '../rig/workspace.js';

const PIPELINE = `stages:
  convert:
    run: node stage.mjs convert
    deps: [data/raw, stage.mjs]
    outs: [data/all.txt]
  split:
    run: node stage.mjs split
    deps: [data/all.txt, stage.mjs]
    params: [split]
    outs: [data/split]
  train:
    run: node stage.mjs train
    deps: [data/split, data/raw, stage.mjs]
    params: [train]
    outs: [models/plate]
  evaluate:
    run: node stage.mjs evaluate
    deps: [models/plate, data/split, data/raw, stage.mjs]
    metrics: [reports/test.json]
`;
const PARAMS = 'split: {seed: 7}\ntrain: {epochs: 3}\n';
const STAGES = ['convert', 'split', 'train', 'evaluate'];
const IMAGES = 40;

interface ReproResult {
  stages: { name: string; action: string; reasons: { kind: string; subject: string }[] }[];
}
interface MetricChange {
  file: string;
  key: string;
  old?: unknown;
  new?: unknown;
}

/** Where the two workspaces of the story meet, and what their processes need to reach it. */
export interface Meeting {
  url: string;
  /** Further arguments of `ocrpipe remote add`. */
  remoteOptions: string[];
  env: Record<string, string>;
}

/** The first workspace: images, a pipeline of four stages, a remote; run, committed and pushed. */
async function startStory(folder: string, meeting: Meeting): Promise<TestWorkspace> {
  const a = new TestWorkspace((await newWorkspace(join(folder, 'a'))).root, meeting.env, runOcrpipe);
  for (let index = 0; index < IMAGES; index += 1) a.write(imageName(index), `image of PLATE${index}\n`);
  a.write('stage.mjs', STAND_IN_STAGE);
  a.write('pipeline.yaml', PIPELINE);
  a.write('params.yaml', PARAMS);
  a.write('.gitignore', 'stages.log\n');
  await a.ocrpipe('add', 'data/raw');
  await a.ocrpipe('remote', 'add', 'shared', meeting.url, ...meeting.remoteOptions);
  expect(await repro(a)).toEqual({ ran: STAGES, actions: ['ran', 'ran', 'ran', 'ran'] });
  await a.commit('Four stages, run');
  await a.ocrpipe('push');
  return a;
}

/** The whole story: a colleague pulls, changes, goes back, and nothing runs twice. */
export async function colleagueStory(folder: string, meeting: Meeting): Promise<void> {
  const a = await startStory(folder, meeting);
  const b = await clone(a, join(folder, 'b'), meeting);

  await b.ocrpipe('pull');
  expect(await repro(b)).toEqual({ ran: [], actions: ['fresh', 'fresh', 'fresh', 'fresh'] });
  expect(b.read(imageName(3))).toBe(a.read(imageName(3)));
  expect(b.read('models/plate/weights.txt')).toBe(a.read('models/plate/weights.txt'));
  expect(await b.git('status', '--porcelain')).toBe('');

  const first = contents(b);
  b.write('params.yaml', PARAMS.replace('epochs: 3', 'epochs: 9'));
  expect((await repro(b)).ran).toEqual(['train', 'evaluate']);
  const second = contents(b);
  expect(second.weights).not.toBe(first.weights);
  await b.commit('More epochs');
  const changes = await b.json<MetricChange[]>('metrics', 'diff', 'HEAD~1');
  expect(changes).toContainEqual(
    expect.objectContaining({ file: 'reports/test.json', key: 'epochs', old: 3, new: 9 }),
  );

  await b.git('checkout', '--quiet', 'HEAD~1');
  expect((await repro(b)).ran).toEqual([]);
  expect(contents(b)).toEqual(first);
  await b.git('checkout', '--quiet', 'main');
  expect((await repro(b)).ran).toEqual([]);
  expect(contents(b)).toEqual(second);

  b.write(imageName(3), 'a better image of PLATE3\n');
  expect((await repro(b)).ran).toEqual(STAGES);
  const third = contents(b);
  expect(third.image).not.toBe(second.image);
  await b.commit('A better image');
  await b.ocrpipe('push');
  await b.git('checkout', '--quiet', 'HEAD~1');
  expect((await repro(b)).ran).toEqual([]);
  expect(contents(b)).toEqual(second);
  await b.git('checkout', '--quiet', 'main');
  expect((await repro(b)).ran).toEqual([]);
  expect(contents(b)).toEqual(third);
}

/** A clone by git alone: code and pointers, no bytes. */
async function clone(from: TestWorkspace, to: string, meeting: Meeting): Promise<TestWorkspace> {
  await from.git('clone', '--quiet', from.root, to);
  return new TestWorkspace(to, meeting.env, runOcrpipe);
}

/** Runs `repro`: what the stages themselves noted in stages.log, and what repro says it did. */
async function repro(
  workspace: TestWorkspace,
  ...args: string[]
): Promise<{ ran: string[]; actions: string[] }> {
  workspace.remove('stages.log');
  const { stages } = await workspace.json<ReproResult>('repro', ...args);
  const ran = workspace.has('stages.log') ? workspace.read('stages.log').trim().split('\n') : [];
  return { ran, actions: stages.map(({ action }) => action) };
}

/** What stands in the workspace where the story looks: one image, weights and metrics. */
function contents(workspace: TestWorkspace): { image: string; weights: string; metrics: string } {
  return {
    image: workspace.read(imageName(3)),
    weights: workspace.read('models/plate/weights.txt'),
    metrics: workspace.read('reports/test.json'),
  };
}

function imageName(index: number): string {
  return `data/raw/${String(index).padStart(3, '0')}-PLATE${index}.jpg`;
}
