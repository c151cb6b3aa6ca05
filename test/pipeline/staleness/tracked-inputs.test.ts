import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const refusal = (code: string): unknown => expect.objectContaining({ code, exitCode: 2 }) as unknown;

/** Two commits whose `data/raw` differs; the workspace is at the second one, everything run. */
async function twoCommits(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline();
  await workspace.actions();
  workspace.commit('first');
  workspace.write('data/raw/a.txt', 'second\n');
  await workspace.actions();
  workspace.commit('second');
  return workspace;
}

describe('before repro reads a tracked path', () => {
  it('clean: nothing is touched', async () => {
    const workspace = await twoCommits();
    const pointer = workspace.read('data/raw.ocr');
    expect((await workspace.actions()).ran).toEqual([]);
    expect(workspace.read('data/raw.ocr')).toBe(pointer);
  });

  it("pointer moved, bytes untouched: the pointer's bytes are put there", async () => {
    const workspace = await twoCommits();
    workspace.git('checkout', '-q', 'HEAD~1', '--', 'data/raw.ocr');
    expect((await workspace.actions()).ran).toEqual([]);
    expect(workspace.read('data/raw/a.txt')).toBe('a\n');
    expect(workspace.read('prepared.txt')).toBe('a\nb\n');
  });

  it('bytes edited, pointer untouched: runs on them, stores them, updates the pointer and says so', async () => {
    const workspace = await twoCommits();
    const pointer = workspace.read('data/raw.ocr');
    workspace.write('data/raw/c.txt', 'third\n');
    expect((await workspace.actions()).ran).toContain('prepare');
    expect(workspace.read('data/raw.ocr')).not.toBe(pointer);
    expect(workspace.events).toContainEqual(expect.objectContaining({ type: 'note', code: 'data-stored' }));
    workspace.git('checkout', '-q', '--', 'data/raw.ocr');
    await workspace.actions();
    expect(workspace.has('data/raw/c.txt')).toBe(false);
  });

  it('both changed: an error that names both ways out, and nothing changed', async () => {
    const workspace = await twoCommits();
    workspace.git('checkout', '-q', 'HEAD~1', '--', 'data/raw.ocr');
    workspace.write('data/raw/a.txt', 'edited\n');
    const lock = workspace.read('pipeline.lock');
    await expect(workspace.repro()).rejects.toEqual(refusal('changed-on-both-sides'));
    await expect(workspace.repro()).rejects.toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/ocrpipe commit .*ocrpipe checkout --force/s) as unknown,
      }),
    );
    expect(workspace.read('data/raw/a.txt')).toBe('edited\n');
    expect(workspace.read('pipeline.lock')).toBe(lock);
    expect(workspace.ran()).toEqual([]);
  });

  it('nothing there: the bytes come from the store, or it is said how to get them', async () => {
    const workspace = await twoCommits();
    workspace.remove('data/raw');
    expect((await workspace.actions()).ran).toEqual([]);
    expect(workspace.read('data/raw/a.txt')).toBe('second\n');
    workspace.remove('data/raw');
    workspace.remove('.ocrstore/packs');
    await expect(workspace.repro()).rejects.toEqual(refusal('missing-data'));
  });

  it('edited where not all of it came: refused, so that no file is taken for deleted', async () => {
    const workspace = await newPipeline();
    const large = 'x'.repeat(1_500_000);
    workspace.write('data/raw/large', large);
    await workspace.add('data/raw');
    const pointer = workspace.read('data/raw.ocr');
    for (const name of ['data/raw', '.ocrstore/objects', '.ocrstore/index']) workspace.remove(name);
    const { files } = workspace.host();
    const path = 'data/raw' as RepoPath;
    await expect(files.checkout(path, files.pointer(path)!)).rejects.toThrow('data/raw/large');
    workspace.write('data/raw/a.txt', 'edited\n');
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'missing-data', exitCode: 2 });
    expect(workspace.read('data/raw.ocr')).toBe(pointer);
    await workspace.add('data/raw');
    await workspace.repro();
    expect(workspace.read('data/raw.ocr')).not.toBe(pointer);
  });

  it('a part of tracked data is read: the whole is put in place', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: cp data/raw/a.txt out, deps: [data/raw/a.txt], outs: [out]}}',
    );
    await workspace.repro();
    workspace.commit('first');
    workspace.write('data/raw/a.txt', 'second\n');
    await workspace.repro();
    workspace.git('checkout', '-q', '--', 'data/raw.ocr', 'pipeline.lock');
    const dry = await workspace.repro({ dryRun: true });
    expect(dry.stages[0]?.reasons.map(({ kind }) => kind)).toEqual(['output-moved']);
    expect((await workspace.repro()).stages[0]?.action).toBe('restored');
    expect(workspace.read('out')).toBe('a\n');
  });
});

describe('outputs of stages that are not asked for', () => {
  it('are put in place when their pointer moved, and refused when edited by hand', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.remove('prepared.txt');
    const request = { targets: ['train'], reach: 'downstream' } as const;
    expect((await workspace.actions(request)).actions).toEqual({ train: 'fresh', evaluate: 'fresh' });
    expect(workspace.has('prepared.txt')).toBe(true);
    workspace.write('prepared.txt', 'mine\n');
    await expect(workspace.repro(request)).rejects.toEqual(refusal('output-changed'));
  });

  it('are taken as they are when their stage is frozen: edited bytes are stored and pointed to', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write(
      'pipeline.yaml',
      workspace.read('pipeline.yaml').replace('  prepare:\n', '  prepare:\n    frozen: true\n'),
    );
    const pointer = workspace.read('prepared.txt.ocr');
    workspace.write('prepared.txt', 'by hand\n');
    expect(await workspace.actions()).toMatchObject({ actions: { prepare: 'frozen', train: 'ran' } });
    expect(workspace.read('prepared.txt.ocr')).not.toBe(pointer);
  });
});
