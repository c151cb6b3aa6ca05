import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const PIPELINE = 'stages: {a: {run: "true", params: [train, tags]}}';

let workspace: PipelineWorkspace;
const stateWith = async (params: string, pipeline = PIPELINE): Promise<string | undefined> => {
  workspace.write('params.yaml', params);
  workspace.write('pipeline.yaml', pipeline);
  return (await pipelineStatus(workspace.host())).stages[0]?.state;
};

/** A stage that ran with these values; looking changes nothing, so that all cases share it. */
beforeAll(async () => {
  workspace = await newPipeline(PIPELINE, afterAll);
  workspace.write(
    'params.yaml',
    'train: {lr: 0.1, epochs: 3, name: yes, when: 2024-01-01, big: 9007199254740991, zero: 0, off: false, none: null}\ntags: [a, 1_000, 12:30:00]\nother: 1\n',
  );
  await workspace.repro();
});

describe('another way to write the same parameters reruns nothing', () => {
  const AS = (train: string, tags = '[a, 1_000, 12:30:00]'): string =>
    `train: ${train}\ntags: ${tags}\nother: 1\n`;
  const REST = 'name: yes, when: 2024-01-01, big: 9007199254740991, zero: 0, off: false, none: null';
  it.each([
    [
      'comments and the order of keys',
      `# c\nother: 2 # d\ntags: [a, 1_000, 12:30:00]\ntrain: {none: null, off: false, zero: 0, big: 9007199254740991, when: 2024-01-01, name: yes, epochs: 3, lr: 0.1}\n`,
    ],
    ['0.10, 1e-1 and +.1 for 0.1', AS(`{lr: 0.10, epochs: 3, ${REST}}`)],
    ['an exponent', AS(`{lr: 1e-1, epochs: 0.3e1, ${REST}}`)],
    ['a sign and no zero', AS(`{lr: +.1, epochs: +3, ${REST}}`)],
    ['3.0 for 3, 0x3, 0o3', AS(`{lr: 0.1, epochs: 3.0, ${REST}}`)],
    ['hexadecimal', AS(`{lr: 0.1, epochs: 0x3, ${REST}}`)],
    ['-0 for 0', AS(`{lr: 0.1, epochs: 3, ${REST.replace('zero: 0', 'zero: -0.0')}}`)],
    [
      'quotes around texts',
      AS(
        `{lr: 0.1, epochs: 3, ${REST.replace('yes', '"yes"').replace('2024-01-01', "'2024-01-01'")}}`,
        '["a", "1_000", "12:30:00"]',
      ),
    ],
    [
      'other words for nothing and no',
      AS(`{lr: 0.1, epochs: 3, ${REST.replace('null', '~').replace('false', 'FALSE')}}`),
    ],
    [
      'JSON',
      '{"train":{"lr":0.1,"epochs":3,"name":"yes","when":"2024-01-01","big":9007199254740991,"zero":0,"off":false,"none":null},"tags":["a","1_000","12:30:00"]}',
    ],
    [
      'blocks, line ends of Windows and a byte order mark',
      `\ufefftrain:\r\n  lr: 0.1\r\n  epochs: 3\r\n  name: yes\r\n  when: 2024-01-01\r\n  big: 9007199254740991\r\n  zero: 0\r\n  off: false\r\n  none:\r\ntags:\r\n- a\r\n- 1_000\r\n- 12:30:00\r\n`,
    ],
    [
      'anchors and merge keys',
      `base: &b {lr: 0.1, epochs: 7, ${REST}}\ntrain: {<<: *b, epochs: 3}\ntags: [a, 1_000, 12:30:00]\n`,
    ],
  ])('%s', async (_what, params) => {
    expect(await stateWith(params)).toBe('fresh');
  });

  it('and neither do comments and the order of keys of pipeline.yaml', async () => {
    const params = AS(`{lr: 0.1, epochs: 3, ${REST}}`);
    expect(
      await stateWith(
        params,
        '# c\nstages:\n  a:\n    params: [tags, train]\n    desc: x\n    run: "true" # d\n',
      ),
    ).toBe('fresh');
  });

  it.each([
    ['another number', AS(`{lr: 0.11, epochs: 3, ${REST}}`)],
    ['a text for a number', AS(`{lr: 0.1, epochs: "3", ${REST}}`)],
    ['true for yes', AS(`{lr: 0.1, epochs: 3, ${REST.replace('yes', 'true')}}`)],
    ['another order of a list', AS(`{lr: 0.1, epochs: 3, ${REST}}`, '[1_000, a, 12:30:00]')],
    ['a text in another Unicode form', AS(`{lr: 0.1, epochs: 3, ${REST}}`, '[á, 1_000, 12:30:00]')],
  ])('but %s does', async (_what, params) => {
    expect(await stateWith(params)).toBe('stale');
  });
});

describe('a parameter without a canonical form is refused, with its place', () => {
  it.each<[string, string, number, RegExp]>([
    ['.nan', 'invalid-parameter', 2, /NaN/],
    ['.inf', 'invalid-parameter', 2, /Infinity/],
    ['-.inf', 'invalid-parameter', 2, /-Infinity/],
    ['1e400', 'invalid-parameter', 2, /Infinity/],
    ['9007199254740992', 'invalid-parameter', 2, /9007199254740992/],
    ['-9007199254740993', 'invalid-parameter', 2, /the number -9007199254740993 cannot be written/],
    ['1e300', 'invalid-parameter', 2, /1e\+300/],
    ['0xFFFFFFFFFFFFFFFF', 'invalid-parameter', 2, /cannot be written/],
    ['0777', 'invalid-parameter', 2, /octal/],
    ['-012', 'invalid-parameter', 2, /octal/],
    [String.raw`"\ud800"`, 'invalid-parameter', 2, /surrogate/],
    [String.raw`{"\ud800": 1}`, 'invalid-parameter', 2, /surrogate/],
    ['[1, {b: .nan}]', 'invalid-parameter', 2, /train\.x\.1\.b/],
    ['!!timestamp 2024-01-01', 'yaml-syntax', 2, /!!timestamp/],
    ['{1: a, "1": b}', 'yaml-syntax', 2, /twice/],
  ])('%s', async (value, code, line, message) => {
    workspace.write('params.yaml', `train:\n  x: ${value}\ntags: []\n`);
    workspace.write('pipeline.yaml', PIPELINE);
    for (const dryRun of [false, true]) {
      await expect(workspace.repro({ dryRun })).rejects.toMatchObject({
        code,
        exitCode: 2,
        message: expect.stringMatching(message) as unknown,
        location: { file: 'params.yaml', line },
        hint: expect.any(String) as unknown,
      });
    }
  });
});
