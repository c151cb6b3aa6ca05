import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { editorSchema } from '../../../src/pipeline/definition/schema/editor-schema.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { examplesIn } from '../../docs/examples.js';

const root = new URL('../../../', import.meta.url);
const valid = new Ajv({ allErrors: true }).compile(editorSchema());

function violations(text: string): string[] {
  valid(parse(text));
  return (valid.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message ?? ''}`);
}

describe('the schema for editors', () => {
  it.each([
    ['the pipeline of this repository', readFileSync(new URL('pipeline.yaml', root), 'utf8')],
    [
      'every form of every key',
      'stages: {a: {run: [x, y], deps: [p, {file: f, keys: k}, {stage: b}], params: [a, {file: f}], outs: [o, {path: p, cache: false}], plots: [{file: f, y: [a]}], env: [A, {B: 1}], secrets: [S], resources: {gpu: 1, memory: 8GiB}, retry: 3, timeout: 5m, frozen: true}}',
    ],
    [
      'references wherever a value stands',
      'vars: [a.yaml, {b: 1}]\nenv: [HOME]\nstages: {a: {run: "x ${b}", frozen: "${f}", deps: "${deps}", outs: ["${o}"], resources: {gpu: "${g}"}, retry: "${r}", matrix: {a: "${list}"}}}',
    ],
    [
      'foreach',
      'stages: {a: {foreach: {x: 1}, do: {run: y, vars: [z.yaml]}}, b: {foreach: "${l}", do: {run: x}}}',
    ],
  ])('takes %s', (_what, text) => {
    expect(violations(text)).toEqual([]);
  });

  it.each([
    ['an unknown key', 'stages: {a: {run: x, dep: [y]}}'],
    ['no command', 'stages: {a: {deps: [y]}}'],
    ['no stages', 'vars: []'],
    ['a key beside foreach', 'stages: {a: {foreach: [1], do: {run: x}, deps: [y]}}'],
    ['do without foreach', 'stages: {a: {do: {run: x}}}'],
    ['matrix below do', 'stages: {a: {foreach: [1], do: {run: x, matrix: {a: [1]}}}}'],
    ['a text that is no boolean and no reference', 'stages: {a: {run: x, frozen: maybe}}'],
    ['a matrix of no lists', 'stages: {a: {run: x, matrix: {a: 1}}}'],
    ['a name that is no name', 'stages: {"a b": {run: x}}'],
    ['an unknown key of an output', 'stages: {a: {run: x, outs: [{path: y, cahce: true}]}}'],
  ])('refuses %s', (_what, text) => {
    expect(violations(text)).not.toEqual([]);
  });

  it('takes every example of the documentation', () => {
    for (const { text } of examplesIn('pipeline.md').filter(({ file }) => file.endsWith('pipeline.yaml'))) {
      expect(violations(text)).toEqual([]);
    }
  });

  it('is what is shipped, and what the command prints', async () => {
    const { stdout } = await runProcess(process.execPath, ['bin/run.js', 'schema'], { cwd: root.pathname });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(editorSchema())));
    expect(stdout).toBe(readFileSync(new URL('schemas/pipeline.schema.json', root), 'utf8'));
  });
});
