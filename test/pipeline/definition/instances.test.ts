import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/base/canonical-json.js';
import { valueName } from '../../../src/pipeline/definition/instances/instance-name.js';
import {
  StageNames,
  stageFileName,
  stageOfFileName,
} from '../../../src/pipeline/definition/stage/stage-names.js';
import fc from '../../rig/fast-check.js';
import { problemsOf, stagesOf } from './parsed.js';

const names = (pipeline: string, params = ''): string[] => [
  ...stagesOf({ 'pipeline.yaml': pipeline, 'params.yaml': params }).keys(),
];

describe('foreach', () => {
  it('makes an instance of each item of a list or map, which knows its group', () => {
    const texts = {
      'pipeline.yaml': `stages:
  clean:
    foreach: [raw, labels]
    do: {run: 'x \${item} \${key}', outs: ['out/\${item}']}
  build:
    foreach: {uk: {epochs: 3}, us: {epochs: 5}}
    do: {run: 'x \${key} \${item.epochs}'}
  plain: {run: x}
`,
    };
    const stages = stagesOf(texts);
    expect([...stages.values()].map(({ name, run, group }) => [name, run[0], group])).toEqual([
      ['clean@raw', 'x raw raw', { name: 'clean', key: 'raw' }],
      ['clean@labels', 'x labels labels', { name: 'clean', key: 'labels' }],
      ['build@uk', 'x uk 3', { name: 'build', key: 'uk' }],
      ['build@us', 'x us 5', { name: 'build', key: 'us' }],
      ['plain', 'x', undefined],
    ]);
  });

  it('takes its items from parameters, and may have none', () => {
    const pipeline = "stages: {a: {foreach: '${sets}', do: {run: 'x ${item.name} ${item.n}'}}}";
    expect(names(pipeline, 'sets: [{name: one, n: 1}, {name: two, n: 2}]\n')).toEqual(['a@one', 'a@two']);
    expect(names(pipeline, 'sets: []\n')).toEqual([]);
  });

  it('is refused where it is no list, half written, or mixed with keys of a stage', () => {
    const problems = problemsOf({
      'pipeline.yaml': `stages:
  a: {foreach: 5, do: {run: x}}
  b: {foreach: [1]}
  c: {do: {run: x}}
  d: {foreach: [1], do: {run: x}, deps: [y]}
  e: {foreach: [1, 2, 1], do: {run: x}}
  f: {foreach: [1], do: {run: 'x \${item.nam}', matrix: {a: [1]}}}
  g: {foreach: '\${n}', do: {run: 'x \${item.n}'}}
`,
      'params.yaml': 'n: [{m: 1}]\n',
    });
    expect(problems).toEqual([
      "pipeline.yaml:5:35 unknown-key stage 'd' has 'foreach', and 'deps' beside it (Write 'deps' below 'do'.)",
      expect.stringMatching(/^pipeline\.yaml:7:48 unknown-key stage 'f@1' has no key 'matrix' \(Right below/),
      "pipeline.yaml:2:16 invalid-value stage 'a': 'foreach' must be a list or a map, not 5 (Write [a, b], or the name of a list: ${name}.)",
      expect.stringMatching(/^pipeline\.yaml:3:3 invalid-value stage 'b' at do: is missing/),
      expect.stringMatching(/^pipeline\.yaml:4:3 invalid-value stage 'c' at foreach: is missing/),
      expect.stringMatching(/^pipeline\.yaml:6:23 item-twice stage 'e': 1 stands twice/),
      expect.stringMatching(
        /^pipeline\.yaml:7:\d+ unknown-name \$\{item\.nam\}: 'item' has no 'nam': it is 1/,
      ),
      expect.stringMatching(
        /^pipeline\.yaml:8:\d+ unknown-name \$\{item\.n\}: 'item' has no 'n' \(Did you mean \$\{item(\.m)?\}\?\)/,
      ),
    ]);
  });
});

describe('matrix', () => {
  it('makes every combination, named by the values', () => {
    const pipeline = `stages:
  train:
    matrix: {model: [vgg, resnet], size: '\${sizes}'}
    run: x \${item.model} \${item.size}
    outs: ['models/\${key}']
`;
    const stages = stagesOf({ 'pipeline.yaml': pipeline, 'params.yaml': 'sizes: [64, 128]\n' });
    expect([...stages.values()].map(({ name, run, outs }) => [name, run[0], outs[0]!.path])).toEqual([
      ['train@vgg-64', 'x vgg 64', 'models/vgg-64'],
      ['train@vgg-128', 'x vgg 128', 'models/vgg-128'],
      ['train@resnet-64', 'x resnet 64', 'models/resnet-64'],
      ['train@resnet-128', 'x resnet 128', 'models/resnet-128'],
    ]);
  });

  it('is the same stages whatever the order of its keys', () => {
    const [a, b] = [
      '{size: [64], model: [vgg, {name: big, n: 2}]}',
      '{model: [vgg, {n: 2, name: big}], size: [64]}',
    ].map((matrix) =>
      stagesOf({ 'pipeline.yaml': `stages: {t: {run: 'x \${item.size}', matrix: ${matrix}}}` }),
    );
    expect([...a!.keys()].sort()).toEqual(['t@big-64', 't@vgg-64']);
    expect([...a!.keys()].sort()).toEqual([...b!.keys()].sort());
  });

  it('is refused without lists, and for more than anybody means', () => {
    const huge = '[' + Array.from({ length: 400 }, (_, index) => index).join(', ') + ']';
    const problems = problemsOf({
      'pipeline.yaml': `stages:
  a: {run: x, matrix: [1]}
  b: {run: x, matrix: {m: 1}}
  c: {run: x, matrix: {}}
  d: {run: x, matrix: {a: ${huge}, b: ${huge}}}
`,
    });
    expect(problems.map((text) => text.slice(0, text.indexOf(' (')))).toEqual([
      "pipeline.yaml:2:23 invalid-value stage 'a': 'matrix' must be a map of lists, not [1]",
      "pipeline.yaml:3:27 invalid-value stage 'b': 'm' must be a list, not 1",
      "pipeline.yaml:4:23 invalid-value stage 'c': 'matrix' must name at least one list",
      "pipeline.yaml:5:23 invalid-value stage 'd': it asks for 160000 instances, and 100000 are the most that one stage has",
    ]);
  });

  const value = fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom<JsonValue>(
      'a',
      'b',
      'a-b',
      'b-a',
      'a b',
      '',
      'ä',
      true,
      null,
      0.5,
      [1],
      { x: 1 },
      { name: 'a' },
    ),
    fc.string({ maxLength: 80 }),
  );
  const list = fc.uniqueArray(value, { maxLength: 5, selector: (each) => JSON.stringify(each) });

  it('has as many instances as the product of its lists, each with a name of its own that is a name', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('p', 'q', 'r'), list, { minKeys: 1 }), (matrix) => {
        const escaped = JSON.parse(
          JSON.stringify(matrix).replaceAll('${', String.raw`\\\\\${`),
        ) as typeof matrix;
        const stages = stagesOf({
          'pipeline.yaml': JSON.stringify({ stages: { t: { run: 'x', matrix: escaped } } }),
        });
        const product = Object.values(matrix).reduce((count, { length }) => count * length, 1);
        expect(stages.size).toBe(product);
        for (const name of stages.keys()) expect(name).toMatch(/^t@[A-Za-z0-9_.=-]{1,200}$/);
      }),
    );
  });
});

describe('the name of a value', () => {
  it.each<[JsonValue, RegExp]>([
    ['vgg', /^vgg$/],
    [64, /^64$/],
    [0.1, /^0\.1$/],
    [true, /^true$/],
    [null, /^null$/],
    [{ name: 'big', lr: 1 }, /^big$/],
    [{ width: 32, lr: 0.1 }, /^lr=0\.1_width=32$/],
    [[3, 3], /^3_3$/],
    ['Schöne neue Welt', /^Schone_neue_Welt\.[0-9a-f]{6}$/],
    ['日本', /^_\.[0-9a-f]{6}$/],
    ['x'.repeat(500), /^x{53}\.[0-9a-f]{6}$/],
    [{ a: { b: 1 } }, /^map\.[0-9a-f]{6}$/],
  ])('%j', (value, name) => {
    expect(valueName(value)).toMatch(name);
  });
});

describe('names that are typed', () => {
  const known = new StageNames([
    'prep',
    'train@vgg-64',
    'train@vgg-128',
    'train@x@y',
    'models/a:train@1',
    'models/a:eval',
  ]);

  it.each([
    ['prep', '.', ['prep']],
    ['train', '.', ['train@vgg-64', 'train@vgg-128', 'train@x@y']],
    ['train@x', '.', ['train@x@y']],
    ['train@vgg-*', '.', ['train@vgg-64', 'train@vgg-128']],
    ['train@vgg-??', '.', ['train@vgg-64']],
    ['models/a:train', '.', ['models/a:train@1']],
    ['eval', 'models/a', ['models/a:eval']],
    ['models/a:*', '.', ['models/a:train@1', 'models/a:eval']],
    ['eval', '.', undefined],
    ['nothing*', '.', undefined],
  ])('%s in %s', (typed, folder, found) => {
    expect(known.named(typed, folder)).toEqual(found);
  });

  it('are told from each other as names of files', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(stageFileName(name)).toMatch(/^[A-Za-z0-9_.@=%-]*$/);
        expect(stageOfFileName(stageFileName(name))).toBe(name);
      }),
    );
  });
});
