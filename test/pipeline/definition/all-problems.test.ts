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

  it('circles with amounts, where nothing else is wrong', async () => {
    const lines = await told(`stages:
  a: {run: x, deps: [b.out], outs: [a.out]}
  b: {run: x, deps: [a.out], outs: [b.out], resources: {licence: 1}}
`);
    expect(lines).toHaveLength(3);
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
});
