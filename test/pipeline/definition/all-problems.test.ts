import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OcrpipeError } from '../../../src/base/errors.js';
import { newPipeline } from '../pipeline-workspace.js';

/** The lines of the one error that a repro of this pipeline is refused with, each without its hint. */
async function told(text: string, params = 'lr: 1\n'): Promise<string[]> {
  const workspace = await newPipeline(text);
  workspace.write('params.yaml', params);
  const error = await workspace.repro().then(
    () => undefined,
    (reason: unknown) => reason as OcrpipeError,
  );
  return error!.message.split('\n').map((line) => line.replace(/ \([^()]*\)$/, ''));
}

describe('all that is wrong is told at once', () => {
  it('mistakes of the definition, circles, amounts and places to run', async () => {
    const lines = await told(`stages:
  a: {run: x, deps: [c.out], outs: [a.out]}
  b: {run: x, deps: [a.out], outs: [b.out]}
  c: {run: x, deps: [b.out], outs: [c.out]}
  d: {run: x, deps: [d.out], outs: [d.out]}
  e: {run: x, resources: {licence: 1, gpu: 99}}
  f: {run: x, executor: clustr}
  g: {run: x, frozn: true}
`);
    expect(lines).toEqual([
      '6 problems:',
      "  pipeline.yaml:8:15: stage 'g' has no key 'frozn'",
      '  pipeline.yaml:2:3: stages wait for each other: a -> b -> c -> a',
      '  pipeline.yaml:5:3: stages wait for each other: d -> d',
      "  pipeline.yaml:6:27: stage 'e' asks for 'licence', of which there is no pool",
      expect.stringMatching(/^ {2}pipeline\.yaml:6:44: stage 'e' asks for 99 gpu, and all there is here is/),
      "  pipeline.yaml:7:25: stage 'f' is to run on 'clustr', and there is no such executor",
    ]);
  });

  it('circles with amounts, missing parameters and dependencies, where nothing else is wrong', async () => {
    const lines = await told(`stages:
  a: {run: x, deps: [b.out], outs: [a.out], params: [epocs]}
  b: {run: x, deps: [a.out, nothing.txt], outs: [b.out], resources: {licence: 1}}
`);
    expect(lines.slice(1)).toEqual([
      '  pipeline.yaml:2:3: stages wait for each other: a -> b -> a',
      "  pipeline.yaml:3:29: 'nothing.txt', which stage 'b' needs, is not there",
      "  pipeline.yaml:3:70: stage 'b' asks for 'licence', of which there is no pool",
      expect.stringMatching(/^ {2}pipeline\.yaml:2:54: .*epocs/),
    ]);
  });

  it('parameters that are missing or no values, in all stages, with dependencies that are not there', async () => {
    const lines = await told(
      `stages:
  a: {run: x, params: [lr, epocs], deps: [nothing.txt]}
  b: {run: x, params: [big, {file: params.yaml, keys: [lr, wid, dep]}]}
  c: {run: x, deps: [{file: params.yaml, keys: [momentum]}]}
`,
      'lr: 1\nepochs: 3\nbig: 9007199254740993\n',
    );
    expect(lines.slice(1).map((line) => line.trim().split(' ')[0])).toEqual([
      'pipeline.yaml:2:43:',
      'pipeline.yaml:2:28:',
      'params.yaml:3:6:',
      'pipeline.yaml:3:60:',
      'pipeline.yaml:3:65:',
      'pipeline.yaml:4:49:',
    ]);
  });

  it('what is wrong inside of a stage whose other keys have the wrong form', async () => {
    const lines = await told(`stages:
  a: {run: 5, deps: data, frozen: "yes", retry: -1, resources: {cpu: 0.5}, timeout: soon}
  b: {rum: x, deps: [../x, {stage: zz}]}
  c: {run: x, timeout: 1e400}
`);
    expect(lines.slice(1).map((line) => line.trim())).toEqual(
      [
        "pipeline.yaml:3:7: stage 'b' has no key 'rum'",
        "pipeline.yaml:2:12: stage 'a' at run: must be a list",
        "pipeline.yaml:2:21: stage 'a' at deps: must be a list",
        "pipeline.yaml:2:35: stage 'a' at frozen: must be true or false",
        expect.stringMatching(/^pipeline\.yaml:2:49: stage 'a' at retry\.count: expected number to be >=0/),
        "pipeline.yaml:3:6: stage 'b' at run: is missing",
        "pipeline.yaml:4:24: stage 'c' at timeout: must be a text",
        "pipeline.yaml:2:70: '0.5' is no amount of cpu",
        "pipeline.yaml:2:85: 'soon' is no time",
        "pipeline.yaml:3:22: '../x' is outside the workspace",
        "pipeline.yaml:3:28: there is no stage 'zz' to depend on",
      ].map((line): unknown => line),
    );
  });
});

/** Text with one byte in it that is no UTF-8. */
const mixed = (before: string, byte: number, after: string): Buffer =>
  Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(after)]);

describe('what is no text or no YAML', () => {
  it.each([
    [
      'bytes that are not UTF-8',
      mixed('stages:\n  a: {run: "\u00e9\ufffd caf', 0xe9, '"}\n'),
      'not-utf8',
      2,
      19,
    ],
    ['tabs', Buffer.from('stages:\n\ta: {run: x}\n'), 'yaml-syntax', 2, 1],
    ['an alias of no anchor', Buffer.from('stages:\n  a: *nope\n'), 'yaml-syntax', 2, 6],
    ['a key that stands twice', Buffer.from('stages:\n  a: {run: x}\n  a: {run: y}\n'), 'yaml-syntax', 3, 3],
  ])('is refused with its place and what to do: %s', async (_, bytes, code, line, column) => {
    const workspace = await newPipeline();
    writeFileSync(workspace.path('pipeline.yaml'), bytes);
    await expect(workspace.repro()).rejects.toMatchObject({
      code,
      location: { file: 'pipeline.yaml', line, column },
      hint: expect.stringMatching(/iconv|spaces|&NAME|Rename/) as string,
    });
  });

  it('parameters that are not UTF-8 are refused, and U+FFFD itself is a character like others', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", params: [name]}}');
    workspace.write('params.yaml', 'name: "\ufffd"\n');
    expect((await workspace.repro()).stages).toMatchObject([{ action: 'ran' }]);
    writeFileSync(workspace.path('params.yaml'), mixed('name: "\ufffd"\nlatin: caf', 0xe9, '\n'));
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'not-utf8' });
  });
});

it('the name of a group is nearest to one that is misspelt', async () => {
  const workspace = await newPipeline('stages: {train: {foreach: [a, b], do: {run: "true"}}}');
  await expect(workspace.repro({ targets: ['trian'] })).rejects.toMatchObject({
    code: 'unknown-stage',
    hint: "Did you mean 'train'?",
  });
});
