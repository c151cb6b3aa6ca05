import { describe, expect, it } from 'vitest';
import { OcrpipeError } from '../../../src/base/errors.js';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';

function refusal(text: string): OcrpipeError {
  try {
    parsePipeline(text);
  } catch (error) {
    if (error instanceof OcrpipeError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const FULL = `
stages:
  train:
    run: ocrpipe train --out models/plate
    deps: [data/split, ./data//images/]
    params: [model, {file: other.yaml, keys: [a.b]}, {file: whole.json}]
    outs: [models/plate, {path: models/cache, persist: true, cache: false, remote: r, desc: text}]
    metrics: [reports/train.json]
    plots: [{file: reports/history.jsonl, x: step, y: [loss, valCer]}, {file: reports/history.jsonl, y: lr}]
    resources: {gpu: 1, cpu: 2, memory: 8GiB}
    frozen: true
    always: true
    desc: trains
`;

describe('parsePipeline', () => {
  it('reads every key of a stage, with paths in one form', () => {
    const stage = parsePipeline(FULL).stages.get('train')!;
    expect(stage).toMatchObject({
      run: ['ocrpipe train --out models/plate'],
      wdir: '.',
      deps: [{ path: 'data/split' }, { path: 'data/images' }],
      params: [
        { file: 'params.yaml', keys: ['model'] },
        { file: 'other.yaml', keys: ['a.b'] },
        { file: 'whole.json', keys: undefined },
      ],
      outs: [
        { path: 'models/plate', kind: 'out', cache: true, persist: false },
        { path: 'models/cache', kind: 'out', cache: false, persist: true, remote: 'r', desc: 'text' },
        { path: 'reports/train.json', kind: 'metric', cache: false },
        { path: 'reports/history.jsonl', kind: 'plot', cache: false },
      ],
      plots: [
        { file: 'reports/history.jsonl', x: 'step', y: ['loss', 'valCer'] },
        { file: 'reports/history.jsonl', y: ['lr'] },
      ],
      resources: { gpu: 1, cpu: 2, memory: 8 * 2 ** 30 },
      frozen: true,
      always: true,
      desc: 'trains',
    });
  });

  it('takes paths of a stage relative to its wdir, and params.yaml from the root', () => {
    const text =
      'stages: {a: {run: [make, "make check"], wdir: sub/x, deps: [../in], outs: [out], params: [k]}}';
    expect(parsePipeline(text).stages.get('a')).toMatchObject({
      run: ['make', 'make check'],
      wdir: 'sub/x',
      deps: [{ path: 'sub/in' }],
      outs: [{ path: 'sub/x/out' }],
      params: [{ file: 'params.yaml' }],
    });
  });

  it('names an unknown key with its line, its column and the nearest known one', () => {
    const error = refusal('stages:\n  train:\n    run: x\n    dps: [a]\n');
    expect(error).toMatchObject({
      code: 'unknown-key',
      exitCode: 2,
      location: { file: 'pipeline.yaml', line: 4, column: 5 },
    });
    expect(error.message).toContain("'dps'");
    expect(error.hint).toBe("Did you mean 'deps'?");
  });

  it('knows the keys of an output as well', () => {
    const error = refusal('stages:\n  a:\n    run: x\n    outs:\n      - path: y\n        cahce: false\n');
    expect(error).toMatchObject({ code: 'unknown-key', location: { line: 6, column: 9 } });
    expect(error.hint).toBe("Did you mean 'cache'?");
  });

  it('lists all problems at once, each with its place', () => {
    const error = refusal('stages:\n  a:\n    runs: x\n  b:\n    run: x\n    frozen: maybe\nvers: 1\n');
    expect(error.message).toContain('pipeline.yaml:3:5');
    expect(error.message).toContain("stage 'a' at run: is missing");
    expect(error.message).toContain('pipeline.yaml:6:13');
    expect(error.message).toContain('pipeline.yaml:7:1');
  });

  it.each([
    ['', "'stages': is missing"],
    ['stages:\n', "'stages': is empty, and must be a map (key: value)"],
    ['stages: {a: }\n', "stage 'a': is empty, and must be a map (key: value)"],
    ['stages: {a: {run: x, deps: y}}', "stage 'a' at deps: must be a list"],
    ['stages: {a: {run: []}}', "stage 'a' at run: must not be empty"],
    ['stages: {a: {run: x, frozen: 1}}', "stage 'a' at frozen: must be true or false"],
    [
      'stages: {a: {run: x, resources: {cpu: [1]}}}',
      "stage 'a' at resources.cpu: must be a number, or a text",
    ],
  ])('says of %j what is wrong in words of YAML', (text, message) => {
    expect(refusal(text).message).toBe(message);
  });

  it.each([
    [
      'a path outside the workspace',
      'stages: {a: {run: x, deps: [../../etc/passwd]}}',
      'path-outside-workspace',
    ],
    ['an absolute path', 'stages: {a: {run: x, outs: [/tmp/x]}}', 'path-outside-workspace'],
    ['a wdir outside', 'stages: {a: {run: x, wdir: ..}}', 'path-outside-workspace'],
    ['a stage without a command', 'stages: {a: {deps: [x]}}', 'invalid-value'],
    ['no stages', 'steps: {}', 'unknown-key'],
    ['an empty file', '', 'invalid-value'],
    ['a name that is no name', 'stages: {"a/b": {run: x}}', 'invalid-value'],
    ['half a GPU', 'stages: {a: {run: x, resources: {gpu: 0.5}}}', 'invalid-value'],
    ['memory in no unit', 'stages: {a: {run: x, resources: {memory: 3 elephants}}}', 'invalid-value'],
    ['a key twice', 'stages:\n  a: {run: x}\n  a: {run: y}\n', 'yaml-syntax'],
    ['conflict markers', 'stages:\n<<<<<<< HEAD\n  a: {run: x}\n=======\n>>>>>>> b\n', 'conflict-markers'],
  ])('refuses %s with exit code 2 and a place', (_what, text, code) => {
    expect(refusal(text)).toMatchObject({ code, exitCode: 2, location: { file: 'pipeline.yaml' } });
  });
});
