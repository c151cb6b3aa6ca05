import { describe, expect, it } from 'vitest';
import { commit } from '../../../src/actions/commit.js';
import { status } from '../../../src/actions/status.js';
import { fileListing } from '../../rig/file-listing.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

interface Bad {
  title: string;
  text?: string;
  prepare?: (workspace: PipelineWorkspace) => Promise<void> | void;
  code: string;
}

const CASES: Bad[] = [
  {
    title: 'a pipeline that is not there',
    prepare: (workspace) => {
      workspace.remove('pipeline.yaml');
    },
    code: 'no-pipeline',
  },
  { title: 'an unknown key', text: 'stages: {a: {run: x, dep: [y]}}', code: 'unknown-key' },
  {
    title: 'a cycle',
    text: 'stages: {a: {run: x, deps: [p], outs: [q]}, b: {run: x, deps: [q], outs: [p]}}',
    code: 'cycle',
  },
  {
    title: 'one output of two stages',
    text: 'stages: {a: {run: x, outs: [q]}, b: {run: x, outs: [q]}}',
    code: 'output-twice',
  },
  {
    title: 'an output inside an output',
    text: 'stages: {a: {run: x, outs: [q]}, b: {run: x, outs: [q/r]}}',
    code: 'output-inside-output',
  },
  {
    title: 'an output that is tracked',
    text: 'stages: {a: {run: x, outs: [data/raw]}}',
    code: 'output-is-tracked',
  },
  {
    title: 'an output inside a tracked path',
    text: 'stages: {a: {run: x, outs: [data/raw/new]}}',
    code: 'output-overlaps-tracked',
  },
  {
    title: 'an output that holds a tracked path',
    text: 'stages: {a: {run: x, outs: [data]}}',
    code: 'output-overlaps-tracked',
  },
  {
    title: 'an output outside the workspace',
    text: 'stages: {a: {run: x, outs: [../x]}}',
    code: 'path-outside-workspace',
  },
  {
    title: 'a dependency that nothing provides',
    text: 'stages: {a: {run: x, deps: [absent]}}',
    code: 'missing-dependency',
  },
  {
    title: 'a parameter that is not there',
    text: 'stages: {a: {run: x, params: [train.epoch]}}',
    code: 'missing-parameter',
  },
  {
    title: 'a parameters file that is not there',
    text: 'stages: {a: {run: x, params: [{file: absent.yaml}]}}',
    code: 'missing-dependency',
  },
  {
    title: 'a parameter that no two readers read the same',
    text: 'stages: {a: {run: x, params: [big]}}',
    prepare: (workspace) => {
      workspace.write('params.yaml', 'big: 12345678901234567890\n');
    },
    code: 'invalid-parameter',
  },
  {
    title: 'a resource of which there is no pool',
    text: 'stages: {a: {run: x, resources: {gpus: 1}}}',
    code: 'unknown-resource',
  },
  {
    title: 'a lock that is a folder',
    prepare: (workspace) => {
      workspace.write('pipeline.lock/x', '');
    },
    code: 'not-a-file',
  },
  {
    title: 'conflict markers in the lock',
    prepare: (workspace) => {
      workspace.write('pipeline.lock', 'version: 1\n<<<<<<< a\n=======\n>>>>>>> b\n');
    },
    code: 'conflict-markers',
  },
  {
    title: 'an output that git already holds',
    text: 'stages: {a: {run: x, outs: [train.sh]}}',
    prepare: (workspace) => {
      workspace.commit('all');
    },
    code: 'output-in-git',
  },
  {
    title: 'bytes at an output that no stage made',
    text: 'stages: {a: {run: x, outs: [mine]}}',
    prepare: (workspace) => {
      workspace.write('mine', 'work of a week');
    },
    code: 'output-changed',
  },
];

describe('repro refuses', () => {
  it.each(CASES)('$title with exit code 2, and changes nothing', async ({ text, prepare, code }) => {
    const workspace = await newPipeline(text);
    await prepare?.(workspace);
    const before = fileListing(workspace.root);
    await expect(workspace.repro()).rejects.toEqual(expect.objectContaining({ code, exitCode: 2 }));
    expect(fileListing(workspace.root)).toEqual(before);
    expect(workspace.ran()).toEqual([]);
  });
});

describe('a pointer at an output', () => {
  it("is the stage's own if a run record has it, even where the lock was lost", async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.remove('pipeline.lock');
    expect((await workspace.actions()).ran).toEqual([]);
    expect(workspace.has('pipeline.lock')).toBe(true);
  });
});

describe('an output that is tracked', () => {
  it.each([
    ['data/raw', 'output-is-tracked'],
    ['data/raw/sp', 'output-overlaps-tracked'],
    ['data', 'output-overlaps-tracked'],
  ])('is refused at its own line, whoever reads the data: %s', async (out, code) => {
    const workspace = await newPipeline(
      `stages:\n  first:\n    run: x\n    deps: [data/raw]\n    outs: [made]\n  last:\n    run: x\n    deps: [data/raw, made]\n    outs:\n      - ${out}\n`,
    );
    await expect(status(workspace.call())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/'data\/raw'.*is tracked by data\/raw\.ocr/) as unknown,
      location: { file: 'pipeline.yaml', line: 10, column: 9 },
    });
  });

  it('becomes the stage’s by what the hint says: delete the pointer, commit the stage', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", outs: [data/raw]}}');
    await expect(commit({ targets: ['a'] }, workspace.call())).rejects.toMatchObject({
      code: 'output-is-tracked',
      hint: expect.stringMatching(/Delete 'data\/raw\.ocr'.*'ocrpipe commit a'/) as unknown,
    });
    workspace.remove('data/raw.ocr');
    await commit({ targets: ['a'] }, workspace.call());
    expect(workspace.read('data/raw/a.txt')).toBe('a\n');
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh' });
  });
});
