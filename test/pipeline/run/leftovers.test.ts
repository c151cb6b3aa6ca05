import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../../../src/actions/checkout.js';
import { commit } from '../../../src/actions/commit.js';
import { clearOutputs } from '../../../src/pipeline/run/output-files.js';
import { RunningMarks } from '../../../src/pipeline/records/running-mark.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { fileListing } from '../../rig/file-listing.js';
import { runOcrpipe } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const refusal = (code: string): unknown => expect.objectContaining({ code, exitCode: 2 }) as unknown;
const actionOf = async (workspace: PipelineWorkspace, request = {}): Promise<unknown> =>
  (await workspace.repro(request)).stages[0]?.action;

/** One stage that makes `out` from params.yaml, and fails where that says so. */
const MAYBE = `stages:
  make:
    run: mkdir -p out && grep other params.yaml > out/result && ! grep -q fail params.yaml
    params: [other]
    outs: [OUT]
`;

async function afterFailure(out = 'out'): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(MAYBE.replace('OUT', out));
  expect(await actionOf(workspace)).toBe('ran');
  workspace.write('params.yaml', 'other: fail\n');
  expect(await actionOf(workspace)).toBe('failed');
  expect(workspace.read('out/result')).toBe('other: fail\n');
  workspace.write('params.yaml', 'other: 2\n');
  return workspace;
}

describe('what a failed stage left', () => {
  it('is removed by the next run as long as nobody touched it', async () => {
    const workspace = await afterFailure();
    expect(await actionOf(workspace)).toBe('ran');
    expect(workspace.read('out/result')).toBe('other: 2\n');
  });

  it('is somebody’s edit once it was changed: the next run is refused', async () => {
    const workspace = await afterFailure();
    workspace.write('out/result', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    expect(workspace.read('out/result')).toBe('mine\n');
    expect(await actionOf(workspace, { force: true })).toBe('ran');
  });

  it('is no reason to touch files at an output that the stage was given later', async () => {
    const workspace = await newPipeline('stages: {prep: {run: "false", outs: [a]}}');
    expect(await actionOf(workspace)).toBe('failed');
    workspace.write('mydata/labels.txt', 'work of a week\n');
    workspace.write('pipeline.yaml', 'stages: {prep: {run: "false", outs: [mydata]}}');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    expect(workspace.read('mydata/labels.txt')).toBe('work of a week\n');
  });

  it('is no reason to touch what was made by hand where it left nothing', async () => {
    const workspace = await newPipeline('stages: {prep: {run: "false", outs: [a]}}');
    expect(await actionOf(workspace)).toBe('failed');
    workspace.write('a', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
  });

  it('is forgotten once a checkout put the recorded result back', async () => {
    const workspace = await afterFailure();
    await checkout({ targets: ['out'], force: true }, workspace.call());
    expect(workspace.read('out/result')).toBe('other: 1\n');
    workspace.write('out/result', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
  });

  it('is judged the same at an output with persist', async () => {
    const workspace = await afterFailure('{path: out, persist: true}');
    workspace.write('out/result', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    workspace.write('params.yaml', 'other: 1\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    expect(workspace.read('out/result')).toBe('mine\n');
  });

  it('is known after an abort too', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "echo begun > out; echo; exec sleep 60", outs: [out]}}',
    );
    const run = { cwd: workspace.root, signalOnOutput: 'SIGINT' } as const;
    expect((await runOcrpipe(['repro'], run)).exitCode).toBe(130);
    workspace.write('pipeline.yaml', 'stages: {a: {run: "echo good > out", outs: [out]}}');
    workspace.write('out', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    expect(workspace.read('out')).toBe('mine\n');
  });
});

describe('what a run with --no-commit made', () => {
  it('is ocrpipe’s to replace, an output made by hand afterwards is not', async () => {
    const workspace = await newPipeline(MAYBE.replace('OUT', 'out'));
    await workspace.repro({ commit: false });
    workspace.write('out/mine', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    workspace.remove('out/mine');
    expect(await actionOf(workspace)).toBe('ran');
  });
});

describe('the mark of a run that was killed', () => {
  it('names the outputs that it was to make, until something else is put there', async () => {
    const workspace = await newPipeline(MAYBE.replace('OUT', 'out'));
    await workspace.repro();
    const host = workspace.host();
    const marks = new RunningMarks(host);
    const there = await host.files.snapshot('out' as RepoPath);
    const outs = [{ path: 'out' as RepoPath, kind: 'out', cache: true, persist: false, at: [] } as const];
    const stage = { name: 'make', outs } as unknown as Parameters<RunningMarks['begin']>[0];
    await marks.begin(stage);
    expect(marks.leftovers('make')('out' as RepoPath, there)).toBe(true);
    expect(marks.leftovers('make')('other' as RepoPath, there)).toBe(false);
    await checkout({ targets: [], force: false }, workspace.call());
    expect(marks.leftovers('make')('out' as RepoPath, there)).toBe(false);
    workspace.write('out/result', 'mine\n');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
  });
});

describe('a run removes', () => {
  it('nothing inside an output that tracking leaves out, unless forced', async () => {
    const workspace = await newPipeline(MAYBE.replace('OUT', 'out'));
    workspace.write('.ocrignore', '*.tmp\n');
    await workspace.repro();
    const kept = ['out/notes.tmp', 'out/sub/.git/config', 'out/look.ocr'];
    workspace.write('out/notes.tmp', 'notes\n');
    workspace.write('out/sub/.git/config', '[core]\n');
    workspace.write('out/look.ocr', `version: 1\nid: ${'0'.repeat(64)}\nkind: file\nsize: 1\n`);
    // The folder `sub` itself is an edit of the output.
    await commit({ targets: ['make'] }, workspace.call());
    const before = kept.map((name) => workspace.read(name));
    workspace.write('params.yaml', 'other: 3\n');
    expect(await actionOf(workspace)).toBe('ran');
    expect(workspace.read('out/result')).toBe('other: 3\n');
    expect(kept.map((name) => workspace.read(name))).toEqual(before);
    expect(await actionOf(workspace, { force: true })).toBe('ran');
    expect(kept.filter((name) => workspace.has(name))).toEqual([]);
  });

  it('nothing that is outside the workspace or belongs to git, whatever it is asked for', async () => {
    const workspace = await newPipeline(MAYBE.replace('OUT', 'out'));
    const outside = temporaryFolder();
    mkdirSync(join(outside, 'x'));
    symlinkSync(outside, workspace.path('away'));
    symlinkSync('.git', workspace.path('inner'));
    const clear = (path: string): Promise<void> => {
      const output = { path: path as RepoPath, kind: 'out', cache: true, persist: false, at: [] } as const;
      const now = { name: 's', run: [], wdir: '.' as RepoPath, deps: [], params: [], interrupted: false };
      const outs = [{ output, stored: () => true }];
      return clearOutputs(workspace.host(), { ...now, outs }, { forced: true });
    };
    for (const path of [
      '.',
      '.git',
      '.GIT/refs',
      '.ocrstore',
      'pipeline.yaml',
      'data/raw.ocr',
      'inner/refs',
    ]) {
      await expect(clear(path), path).rejects.toEqual(refusal('output-not-allowed'));
    }
    await expect(clear('away/x')).rejects.toEqual(refusal('path-outside-workspace'));
    expect(existsSync(join(outside, 'x'))).toBe(true);
    expect(workspace.has('.git/refs')).toBe(true);
  });
});

describe('a pipeline is refused, with the place, and nothing is touched', () => {
  const place = (text: string): string => `stages: {a: {run: "true", ${text}}}`;
  it.each([
    ...[
      '.',
      '.git',
      '.git/hooks',
      'sub/.git',
      '.ocrstore',
      '.ocrstore/packs',
      'pipeline.yaml',
      'params.yaml',
      'pipeline.lock',
      '.gitignore',
      'data/.gitignore',
      '.ocrignore',
      'data/raw.ocr',
    ].map((path) => [`outs: ["${path}"]`, 'output-not-allowed'] as const),
    ['metrics: [.git/config]', 'output-not-allowed'],
    ['deps: [.]', 'dependency-not-allowed'],
    ['deps: [.git]', 'dependency-not-allowed'],
    ['deps: [.ocrstore/packs]', 'dependency-not-allowed'],
    ['deps: [pipeline.lock]', 'dependency-not-allowed'],
    ['wdir: data, outs: [../data]', 'wdir-in-output'],
  ] as const)('for %s', async (text, code) => {
    const workspace = await newPipeline(place(text));
    const before = fileListing(workspace.root);
    await expect(workspace.repro()).rejects.toEqual(
      expect.objectContaining({
        code,
        exitCode: 2,
        location: expect.objectContaining({ file: 'pipeline.yaml', line: 1 }) as unknown,
      }),
    );
    expect(fileListing(workspace.root)).toEqual(before);
  });
});
