import { describe, expect, it } from 'vitest';
import fc from '../../rig/fast-check.js';
import { commandOf, problemsOf, stagesOf } from './parsed.js';

const PARAMS = `
train: {lr: 0.10, epochs: 3, name: a b, resume: false, note: , big: 1.0e3, layers: [8, 16]}
files: [a.txt, "b c.txt", "it's"]
a.b: dotted
seed: 7
`;

describe('a reference in a command', () => {
  it.each([
    ['x ${train.lr}', 'x 0.1'],
    ['x ${ train.epochs }', 'x 3'],
    ['x ${train.big}', 'x 1000'],
    ['x ${train.resume}', 'x false'],
    ['x ${train.name}', 'x a b'],
    ['x ${train.layers[1]}', 'x 16'],
    ['x ${train.layers.0}', 'x 8'],
    ['x ${a\\.b}', 'x dotted'],
    ['x ${["a.b"]}', undefined],
    ['x ${train["lr"]}', 'x 0.1'],
    ['x${seed}y${seed}', 'x7y7'],
    ['x ${seed', undefined],
  ])('%s', (run, command) => {
    const texts = { 'pipeline.yaml': `stages:\n  a:\n    run: '${run}'\n`, 'params.yaml': PARAMS };
    if (command === undefined) expect(problemsOf(texts)[0]).toContain('template-invalid');
    else expect(stagesOf(texts).get('a')!.run).toEqual([command]);
  });

  it.each([
    ['x ${train.absent:-0.50}', 'x 0.5'],
    ['x ${absent:-}', 'x '.trim()],
    ["x ${absent:-'a}b'}", 'x a}b'],
    ['x ${absent:-${seed}}', 'x 7'],
    ['x ${train.note:-none}', 'x none'],
    ['x ${train.lr:-9}', 'x 0.1'],
    ['x ${absent:-[1, 2]}', 'x 1 2'],
  ])('takes its default where there is no value: %s', (run, command) => {
    expect(commandOf(run, PARAMS)).toBe(command);
  });

  it.each([
    [String.raw`echo \${HOME}`, 'echo ${HOME}'],
    ['echo \\\\${seed}', 'echo \\7'],
    ['echo \\\\\\${seed}', 'echo \\${seed}'],
    ['echo $HOME $(ls) $$ {a}', 'echo $HOME $(ls) $$ {a}'],
  ])('is left alone behind a backslash, and so is all else with a dollar: %s', (run, command) => {
    expect(commandOf(run, PARAMS)).toBe(command);
  });

  it('puts lists in as words and maps as flags, quoted for the shell', () => {
    expect(commandOf('cat ${files} end', PARAMS)).toBe(`cat a.txt 'b c.txt' 'it'\\''s' end`);
    const map =
      'opt: {lr: 0.1, fast: true, slow: false, none: , name: a b, neg: -3, list: [1, x], in: {deep: 2}}\n';
    expect(commandOf('run ${opt}', map)).toBe(
      "run --lr 0.1 --fast --name 'a b' --neg -3 --list 1 x --in.deep 2",
    );
  });

  it('is refused where its value cannot stand', () => {
    const stage = (run: string): string[] =>
      problemsOf({ 'pipeline.yaml': `stages:\n  a:\n    run: ${run}\n`, 'params.yaml': PARAMS });
    expect(stage('x${files}')).toEqual(
      [
        'pipeline.yaml:3:11 invalid-value ${files} is a list, which becomes words of the command: other text touches it (params.yaml:3:8) (Put spaces around it, or name one value inside it.)',
      ].map((text) => text.replace('3:11', '3:11').replace('3:8', '3:8')),
    );
    expect(stage('x ${train.note}')[0]).toContain('is empty (null), which cannot stand in a text');
  });
});

describe('a value that is one reference', () => {
  it('keeps its type, and a list in a list is spread out', () => {
    const texts = {
      'pipeline.yaml': `
stages:
  a:
    run: x
    frozen: \${flags.frozen}
    deps: [one, '\${more}']
    resources: {gpu: '\${gpus}'}
    params: ['\${names}', b]
    outs: \${outs}
`,
      'params.yaml':
        'flags: {frozen: true}\nmore: [two, three]\ngpus: 2\nnames: a\nouts: [o, {path: p, persist: true}]\n',
    };
    expect(stagesOf(texts).get('a')).toMatchObject({
      frozen: true,
      deps: [{ path: 'one' }, { path: 'two' }, { path: 'three' }],
      resources: { gpu: 2 },
      params: [{ keys: ['a'] }, { keys: ['b'] }],
      outs: [{ path: 'o' }, { path: 'p', persist: true }],
    });
  });

  it('is told with the place that its value comes from, if the value is wrong', () => {
    const texts = {
      'pipeline.yaml':
        'stages:\n  a:\n    run: x\n    frozen: ${train.frozen}\n    resources: {gpu: "${n}"}\n',
      'params.yaml': 'train:\n  frozen: maybe\nn: [1]\n',
    };
    expect(problemsOf(texts)).toEqual([
      "pipeline.yaml:4:13 invalid-value stage 'a' at frozen: must be true or false; ${train.frozen} is maybe (params.yaml:2:11) ()",
      "pipeline.yaml:5:22 invalid-value stage 'a' at resources.gpu: must be a number, or a text; ${n} is [1] (params.yaml:3:4) (Write for example {gpu: 1, memory: 8GiB}.)",
    ]);
  });
});

describe('a name that is not there', () => {
  const problem = (run: string, more = ''): string =>
    problemsOf({
      'pipeline.yaml': `${more}stages:\n  a:\n    run: >-\n      echo\n      ${run}\n`,
      'params.yaml': PARAMS,
    })[0]!;

  it('is told at its place with the nearest one', () => {
    expect(problem('go ${train.lrr}')).toBe(
      "pipeline.yaml:5:10 unknown-name ${train.lrr}: 'train' has no 'lrr' (Did you mean ${train.lr}?)",
    );
    expect(problem('${sed}')).toContain('Did you mean ${seed}?');
    expect(problem('${train.layers[5]}')).toContain('it is a list of 2, counted from 0');
    expect(problem('${seed.x}')).toContain("'seed' has no 'x': it is 7");
    expect(problem('${completely.else}')).toMatch(/Names come from params\.yaml and 'vars'\. Known here: /);
  });

  it('in capitals may be meant for the shell, even with a default', () => {
    expect(problem('${HOME:-/root}')).toContain('To leave it to the shell, write a backslash before it');
  });

  it('of the environment must be declared', () => {
    expect(problem('${env.USER}')).toContain("Write 'env: [USER]' at the top of the file.");
    expect(problem('${env.USER}', 'env: [USER]\n')).toContain('variable-not-set');
    expect(commandOf('x ${env.USER:-me}\nenv: [USER]', '')).toBe('x me');
    expect(commandOf('x ${env.USER}\nenv: [USER]', '', { USER: 'ann', HOME: '/' })).toBe('x ann');
  });

  it('is told once for all instances, and with all other problems', () => {
    const texts = {
      'pipeline.yaml': `stages:
  a: {foreach: [1, 2, 3], do: {run: 'x \${item} \${sed}', dep: [y]}}
  b: {run: 'x \${trian.lr}', outs: [/abs]}
`,
      'params.yaml': PARAMS,
    };
    expect(problemsOf(texts).map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      'pipeline.yaml:2:57 unknown-key',
      'pipeline.yaml:2:48 unknown-name',
      'pipeline.yaml:3:15 unknown-name',
      'pipeline.yaml:3:36 path-outside-workspace',
    ]);
  });
});

describe('vars', () => {
  const pipeline = (vars: string, run: string): string => `vars: ${vars}\nstages:\n  a:\n    run: ${run}\n`;

  it('are files, some keys of files, and maps, which may use the names before them', () => {
    const texts = {
      'pipeline.yaml': pipeline(
        '[conf/a.yaml, "b.json:x,y", {out: "models/${model.name}", model: {size: 2}}]',
        'x ${model.name} ${model.size} ${x} ${out}',
      ),
      'conf/a.yaml': 'model: {name: vgg}\n',
      'b.json': '{"x": 1, "y": 2, "z": 3}',
    };
    expect(stagesOf(texts).get('a')!.run).toEqual(['x vgg 2 1 models/vgg']);
    expect(problemsOf({ ...texts, 'pipeline.yaml': pipeline('["b.json:x"]', '${z}') })[0]).toContain(
      'unknown-name',
    );
  });

  it('of a stage are its own, and may use the item of the instance', () => {
    const texts = {
      'pipeline.yaml': `stages:
  a:
    foreach: [us, uk]
    do:
      vars: ["regions/\${item}.yaml", {out: "o/\${item}"}]
      run: train \${threshold} \${out}
`,
      'regions/us.yaml': 'threshold: 1\n',
      'regions/uk.yaml': 'threshold: 2\n',
    };
    expect([...stagesOf(texts).values()].map(({ run }) => run[0])).toEqual(['train 1 o/us', 'train 2 o/uk']);
  });

  it('never give a name a second value', () => {
    const texts = {
      'pipeline.yaml': pipeline('[{train: {lr: 1}}, params.yaml]', 'x ${train.lr}'),
      'params.yaml': 'train:\n  lr: 2\n',
    };
    expect(problemsOf(texts)).toEqual([
      "pipeline.yaml:1:17 name-twice 'train.lr' has a value already, at params.yaml:2:7 (One name has one value among params.yaml and 'vars': rename one of the two.)",
    ]);
  });

  it('that cannot be read are told, and not that their names are missing', () => {
    expect(
      problemsOf({ 'pipeline.yaml': pipeline('[absent.yaml, 7]', 'x ${y}') }).map(
        (text) => text.split(' ')[1],
      ),
    ).toEqual(['missing-variables-file', 'invalid-value']);
    expect(
      problemsOf({ 'pipeline.yaml': pipeline('[]', 'x ${y}'), 'params.yaml': 'a: [\n' }).map(
        (text) => text.split(' ')[1],
      ),
    ).toEqual(['yaml-syntax']);
  });
});

describe('filling in', () => {
  it('changes nothing that has no reference', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((each) => !each.includes('${'));
    fc.assert(
      fc.property(text, text, (desc, run) => {
        const line = `x ${run.replaceAll(/\s/g, ' ')}`.trim();
        const texts = {
          'pipeline.yaml': JSON.stringify({ stages: { a: { run: line, desc }, b: { run: 'x ${seed}' } } }),
          'params.yaml': 'seed: 1\n',
        };
        expect(stagesOf(texts).get('a')).toMatchObject({ run: [line], desc });
      }),
    );
  });

  it('gives every text back that is written behind a backslash', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '$', '{', '}', '\\', ' ', '${'), maxLength: 12 }),
        (text) => {
          const escaped = text.replaceAll(
            /(\\*)\$\{/g,
            (_all, slashes: string) => `${slashes}${slashes}\\\${`,
          );
          const texts = { 'pipeline.yaml': JSON.stringify({ stages: { a: { run: 'x', desc: escaped } } }) };
          expect(stagesOf(texts).get('a')!.desc).toBe(text);
        },
      ),
    );
  });
});
