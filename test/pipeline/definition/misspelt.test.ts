import { renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricsShow } from '../../../src/actions/metrics-show.js';
import { status } from '../../../src/actions/status.js';
import { statusText } from '../../../src/cli/status-text.js';
import { newPipeline } from '../pipeline-workspace.js';

describe('settings that cannot be read', () => {
  it('are said by every command, with the place', async () => {
    const workspace = await newPipeline();
    workspace.write('.ocrstore/config.yaml', 'garbage: [\n');
    const refusal = { code: 'yaml-syntax', location: { file: '.ocrstore/config.yaml', line: 2 } };
    await expect(status(workspace.call())).rejects.toMatchObject(refusal);
    await expect(metricsShow({ rev: undefined }, workspace.call())).rejects.toMatchObject(refusal);
    workspace.write('.ocrstore/config.yaml', 'version: 1\n');
    workspace.write('.ocrstore/config.local.yaml', 'defualt: x\n');
    await expect(status(workspace.call())).rejects.toMatchObject({
      code: 'unknown-key',
      location: { file: '.ocrstore/config.local.yaml', line: 1 },
    });
  });
});

describe('a pipeline in a file of another name', () => {
  it.each(['pipeline.yml', 'Pipeline.yaml'])('is found by status and repro: %s', async (name) => {
    const workspace = await newPipeline();
    renameSync(workspace.path('pipeline.yaml'), workspace.path(name));
    const message = `there is a ${name}, and ocrpipe reads pipeline.yaml`;
    const hint = `Rename it: 'mv ${name} pipeline.yaml'.`;
    const found = await status(workspace.call());
    expect(found).toMatchObject({ stages: [], problems: [{ code: 'no-pipeline', message, hint }] });
    expect(statusText({ ...found, tracked: [] })).toContain(`${message}. ${hint}`);
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'no-pipeline', message, hint });
  });
});

it('parameters in a file of another name are found', async () => {
  const workspace = await newPipeline();
  renameSync(workspace.path('params.yaml'), workspace.path('params.yml'));
  await expect(workspace.repro()).rejects.toMatchObject({
    code: 'missing-dependency',
    hint: "There is a params.yml. Rename it: 'mv params.yml params.yaml'.",
  });
});

describe('a mistake in pipeline.yaml or params.yaml', () => {
  it.each([
    ['deps: data/raw', 'Write [data/raw].'],
    ['outs: a b', 'Write ["a b"].'],
    ['metrics: m.json', 'Write [m.json].'],
    ['params: train', 'Write [train].'],
  ])('is a text where a list belongs: %s', async (line, hint) => {
    const workspace = await newPipeline(`stages:\n  a:\n    run: x\n    ${line}\n`);
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'invalid-value',
      hint,
      location: { file: 'pipeline.yaml', line: 4 },
    });
  });

  it.each([
    [
      'augment',
      'train: {epochs: 3}\n',
      /^Write `augment: \{\}` into params\.yaml, .*or take it out of `params`\. Known here: train, train\.epochs\.$/,
    ],
    ['augment', '', /^Write `augment: \{\}` into params\.yaml, .* The file is empty\.$/],
    ['trian', 'train: {epochs: 3}\n', /^Did you mean 'train'\?$/],
    ['train.learningRate', 'train:\n  learningRate:0.01\n', /'learningRate: 0\.01'/],
    ['seed', 'seed:7\n', /write a space after the colon, 'seed: 7'/],
    [
      'train.learningRate',
      'train: {epochs: 3}\n',
      /^Write it into params\.yaml or take it out of `params`\./,
    ],
  ])('is a parameter that is not there: %s', async (key, params, hint) => {
    const workspace = await newPipeline(`stages: {a: {run: x, params: [${key}]}}`);
    workspace.write('params.yaml', params);
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'missing-parameter',
      hint: expect.stringMatching(hint) as unknown,
    });
  });
});
