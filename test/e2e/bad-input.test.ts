import { describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../../src/cli/error-report.js';
import { fileListing } from '../rig/file-listing.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

interface BadInput {
  title: string;
  prepare: (workspace: TestWorkspace) => Promise<void> | void;
  args: string[];
  code: string;
  message: RegExp;
  hint?: RegExp;
  /** `file:line:column`. */
  place?: string;
}

const stages = (text: string) => (workspace: TestWorkspace) => {
  workspace.write('pipeline.yaml', `stages:\n${text}`);
};
const tracked = async (workspace: TestWorkspace): Promise<void> => {
  workspace.write('data/a.txt', 'a');
  await workspace.ocrpipe('add', 'data');
};

const CASES: BadInput[] = [
  {
    title: 'an unknown key in pipeline.yaml',
    prepare: stages('  train:\n    run: echo\n    dep: [data]\n'),
    args: ['repro'],
    code: 'unknown-key',
    message: /'dep'/,
    hint: /Did you mean 'deps'\?/,
    place: 'pipeline.yaml:4:5',
  },
  {
    title: 'stages that wait for each other',
    prepare: stages('  a: {run: echo, deps: [y], outs: [x]}\n  b: {run: echo, deps: [x], outs: [y]}\n'),
    args: ['repro'],
    code: 'cycle',
    message: /a -> b -> a|b -> a -> b/,
  },
  {
    title: 'two stages with one output',
    prepare: stages('  a: {run: echo, outs: [x]}\n  b: {run: echo, outs: [x]}\n'),
    args: ['repro'],
    code: 'output-twice',
    message: /'x'/,
  },
  {
    title: 'a dependency that is not there',
    prepare: stages('  a: {run: echo, deps: [data/absent], outs: [x]}\n'),
    args: ['repro'],
    code: 'missing-dependency',
    message: /data\/absent/,
  },
  {
    title: 'a broken pointer file',
    prepare: async (workspace) => {
      await tracked(workspace);
      workspace.write('data.ocr', 'version: 1\nid: 12\nkind: directory\nsize: 1\nfiles: 1\n');
    },
    args: ['checkout'],
    code: 'broken-pointer',
    message: /data\.ocr/,
    place: 'data.ocr:2:5',
  },
  {
    title: 'conflict markers in a pointer',
    prepare: async (workspace) => {
      await tracked(workspace);
      const pointer = workspace.read('data.ocr');
      workspace.write('data.ocr', `<<<<<<< HEAD\n${pointer}=======\n${pointer}>>>>>>> other\n`);
    },
    args: ['checkout'],
    code: 'conflict-markers',
    message: /data\.ocr/,
    place: 'data.ocr:1:1',
  },
  {
    title: 'conflict markers in the lock',
    prepare: (workspace) => {
      stages('  a: {run: echo, outs: [x]}\n')(workspace);
      workspace.write('pipeline.lock', 'version: 1\n<<<<<<< HEAD\nstages: {}\n=======\n>>>>>>> other\n');
    },
    args: ['repro'],
    code: 'conflict-markers',
    message: /pipeline\.lock/,
    place: 'pipeline.lock:2:1',
  },
  {
    title: 'a path outside the workspace',
    prepare: () => undefined,
    args: ['add', '../elsewhere'],
    code: 'path-outside-workspace',
    message: /\.\.\/elsewhere/,
  },
  {
    title: "adding a stage's output",
    prepare: (workspace) => {
      stages('  a: {run: echo, outs: [models/x]}\n')(workspace);
      workspace.write('models/x/weights', 'w');
    },
    args: ['add', 'models/x'],
    code: 'stage-output',
    message: /models\/x.*'a'/,
  },
  {
    title: 'an empty label file',
    prepare: (workspace) => {
      workspace.write('labels.json', '');
    },
    args: ['convert', 'labels.json', '--out', 'all.jsonl'],
    code: 'label-file-empty',
    message: /labels\.json/,
  },
  {
    title: 'an unreadable image',
    prepare: (workspace) => {
      workspace.write('raw/01-ABC123.jpg', 'no image');
    },
    args: ['convert', 'raw', '--format', 'ccpd', '--out', 'all.jsonl'],
    code: 'image-unreadable',
    message: /01-ABC123\.jpg/,
  },
  {
    title: 'a training label outside a given alphabet',
    prepare: (workspace) => {
      workspace.write('images/a.png', ONE_PIXEL_PNG);
      workspace.write('train.jsonl', '{"image":"images/a.png","text":"AB#"}\n');
      workspace.write('params.yaml', 'train:\n  alphabet: ABC\n');
    },
    args: ['train', '--train', 'train.jsonl', '--val', 'train.jsonl', '--out', 'models/x'],
    code: 'label-outside-alphabet',
    message: /#/,
  },
];

const ONE_PIXEL_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==',
  'base64',
);

describe('bad input', () => {
  it.each(CASES)('$title: a clear error, exit code 2, and nothing changed', async (bad) => {
    const workspace = await newWorkspace();
    await bad.prepare(workspace);
    const before = fileListing(workspace.root);
    const { stdout, stderr, exitCode } = await workspace.run([...bad.args, '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    const { error } = JSON.parse(stdout) as ErrorDocument;
    expect(error.code).toBe(bad.code);
    expect(error.message).toMatch(bad.message);
    expect(error.hint ?? '').toMatch(bad.hint ?? /./);
    if (bad.place !== undefined) {
      const { file, line, column } = error.location ?? { file: '' };
      expect(`${file}:${line}:${column}`).toBe(bad.place);
    }
    expect(fileListing(workspace.root)).toEqual(before);
  });
});
