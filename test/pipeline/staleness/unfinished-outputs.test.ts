import { describe, expect, it } from 'vitest';
import { checkout } from '../../../src/actions/checkout.js';
import { commit } from '../../../src/actions/commit.js';
import { status, type StatusResult } from '../../../src/actions/status.js';
import type { AbsPath, RepoPath } from '../../../src/base/paths.js';
import { crashesOf } from '../../rig/crashes.js';
import { newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';

const out = 'out' as RepoPath;
const missingData = expect.objectContaining({ code: 'missing-data', exitCode: 2 }) as unknown;

/** One stage that makes a folder; `large` has an object of its own in the store. */
const FOLDER = `stages:
  make:
    run: mkdir -p out/s && cp src out/s/a && cp src out/s/b && cp src out/c && printf '%1500000s' "$(cat src)" > out/large
    deps: [src]
    outs: [out]
`;

const FILES = ['out/s/a', 'out/s/b', 'out/c', 'out/large'];

/** The version that each file of the output is of; undefined for one that is not there. */
const versions = (workspace: PipelineWorkspace): (string | undefined)[] =>
  FILES.map((name) => (workspace.has(name) ? workspace.read(name).trim() : undefined));

async function made(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(FOLDER);
  workspace.write('src', 'v1\n');
  await workspace.repro();
  workspace.commit('first');
  return workspace;
}

/** The output is gone, the store has not the bytes of one file of it, and a checkout brought the others. */
async function partlyPutBack(): Promise<PipelineWorkspace> {
  const workspace = await made();
  for (const name of ['out', '.ocrstore/objects']) workspace.remove(name);
  const { failure } = await checkout({ targets: [], force: false }, workspace.call());
  expect(failure?.code).toBe('object-missing');
  expect(versions(workspace)).toEqual(['v1', 'v1', 'v1', undefined]);
  return workspace;
}

const commitOf = (workspace: PipelineWorkspace, ...targets: string[]): ReturnType<typeof commit> =>
  commit({ targets }, workspace.call());
const reasonsOf = ({ stages }: Pick<StatusResult, 'stages'>): unknown[] =>
  stages.flatMap(({ reasons }) => reasons.map(({ kind }) => kind));

describe('an output whose checkout did not end', () => {
  it.each([
    ['checkout', (workspace: PipelineWorkspace) => checkout({ targets: [], force: false }, workspace.call())],
    ['repro', (workspace: PipelineWorkspace) => workspace.repro()],
  ])('is no edit and no result, wherever it was killed, and %s finishes it', async (_command, finish) => {
    const whole = await made();
    whole.write('src', 'v2\n');
    await whole.repro();
    whole.commit('second');
    const before = whole.read('out.ocr');
    whole.git('checkout', '-q', 'HEAD~1');
    let mixed = 0;
    const work = () => checkout({ targets: [], force: false }, whole.call());
    for (const { root } of await crashesOf(whole.root, work)) {
      const workspace = new PipelineWorkspace(root as AbsPath);
      const left = versions(workspace);
      const isMixed = new Set(left).size > 1;
      const pointer = workspace.read('out.ocr');
      expect(pointer).not.toBe(before);
      expect((await commitOf(workspace)).stages).toEqual([]);
      if (isMixed) await expect(commitOf(workspace, 'make')).rejects.toEqual(missingData);
      expect((await status(workspace.call())).problems).toEqual([]);
      expect(workspace.read('out.ocr')).toBe(pointer);
      expect(versions(workspace)).toEqual(left);
      await finish(workspace);
      expect(versions(workspace)).toEqual(['v1', 'v1', 'v1', 'v1']);
      expect(workspace.git('status', '--porcelain')).toBe('');
      if (isMixed) mixed += 1;
    }
    expect(mixed).toBeGreaterThan(0);
  });

  it('is said to be incomplete where bytes were missing, is not recorded, and is made again', async () => {
    const workspace = await partlyPutBack();
    const seen = await status(workspace.call());
    expect(seen.problems).toEqual([]);
    expect(reasonsOf(seen)).toEqual(['output-incomplete']);
    const pointer = workspace.read('out.ocr');
    expect((await commitOf(workspace)).stages).toEqual([]);
    await expect(commitOf(workspace, 'make')).rejects.toEqual(missingData);
    expect(workspace.read('out.ocr')).toBe(pointer);
    expect((await workspace.repro()).stages[0]?.action).toBe('ran');
    expect(versions(workspace)).toEqual(['v1', 'v1', 'v1', 'v1']);
    expect(workspace.read('out.ocr')).toBe(pointer);
  });

  describe('and that was edited', () => {
    async function edited(): Promise<PipelineWorkspace> {
      const workspace = await partlyPutBack();
      workspace.write('out/c', 'mine\n');
      return workspace;
    }

    it('is neither recorded nor overwritten', async () => {
      const workspace = await edited();
      const pointer = workspace.read('out.ocr');
      await expect(commitOf(workspace)).rejects.toEqual(missingData);
      await expect(commitOf(workspace, 'make')).rejects.toEqual(missingData);
      await expect(workspace.repro()).rejects.toEqual(missingData);
      expect((await status(workspace.call())).problems).toEqual([
        expect.objectContaining({ code: 'missing-data' }),
      ]);
      expect(workspace.read('out.ocr')).toBe(pointer);
      expect(workspace.read('out/c')).toBe('mine\n');
    });

    it('is made again with force, as the hint says', async () => {
      const workspace = await edited();
      await expect(workspace.repro()).rejects.toHaveProperty(
        'hint',
        expect.stringContaining("'ocrpipe repro --force make'"),
      );
      expect((await workspace.repro({ force: true })).stages[0]?.action).toBe('ran');
      expect(versions(workspace)).toEqual(['v1', 'v1', 'v1', 'v1']);
    });

    it('is recorded as it is once its pointer is gone, as the hint says', async () => {
      const workspace = await edited();
      await expect(workspace.repro()).rejects.toHaveProperty(
        'hint',
        expect.stringMatching(/remove out\.ocr, then 'ocrpipe commit make'/),
      );
      workspace.remove('out.ocr');
      expect((await commitOf(workspace, 'make')).stages).toMatchObject([
        { outs: [{ path: 'out', files: 3 }] },
      ]);
      expect(reasonsOf(await status(workspace.call()))).toEqual([]);
    });
  });
});

describe('an output of which only a part was pulled', () => {
  async function part(): Promise<PipelineWorkspace> {
    const workspace = await made();
    workspace.remove('out');
    const { files } = workspace.host();
    await files.checkoutParts(out, files.pointer(out)!, { parts: ['out/s' as RepoPath] });
    expect(versions(workspace)).toEqual(['v1', 'v1', undefined, undefined]);
    return workspace;
  }

  it('is incomplete, not edited, and repro puts the rest there', async () => {
    const workspace = await part();
    const { tracked, stages, problems } = await status(workspace.call());
    expect(tracked).toMatchObject([{ path: 'data/raw' }, { path: 'out', state: 'clean' }]);
    expect(reasonsOf({ stages })).toEqual(['output-incomplete']);
    expect(problems).toEqual([]);
    expect((await commitOf(workspace)).stages).toEqual([]);
    expect((await workspace.repro()).stages[0]?.action).toBe('restored');
    expect(versions(workspace)).toEqual(['v1', 'v1', 'v1', 'v1']);
  });

  it('counts as edited once it was: repro refuses, commit records the whole with the edit', async () => {
    const workspace = await part();
    workspace.write('out/s/a', 'mine\n');
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'output-changed', exitCode: 2 });
    expect((await commitOf(workspace, 'make')).stages).toMatchObject([{ outs: [{ files: 4 }] }]);
  });
});

it('what a run left without recording is recorded, also where the pointer names bytes that never came', async () => {
  const workspace = await made();
  for (const name of ['out', '.ocrstore/objects', '.ocrstore/packs', '.ocrstore/index'])
    workspace.remove(name);
  await workspace.add('data/raw');
  expect((await workspace.repro({ commit: false })).stages[0]?.action).toBe('ran');
  expect((await commitOf(workspace)).stages).toMatchObject([{ name: 'make' }]);
});
