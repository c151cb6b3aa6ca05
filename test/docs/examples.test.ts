import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readTrainingSettings } from '../../src/ocr/train/read-params.js';
import { ocrpipeJson } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const names = readdirSync(examples);
const variants = names.flatMap((name) =>
  readdirSync(join(examples, name))
    .filter((file) => file.endsWith('.yaml') && !['params.yaml', 'pipeline.yaml'].includes(file))
    .map((file) => join(name, file)),
);

interface TrainingStage {
  run?: string;
  params?: string[];
}

type Params = Partial<Record<'model' | 'train', Record<string, unknown>>>;

describe('the examples', () => {
  it.each(names)('%s has a pipeline that can be planned, from the data on', async (name) => {
    const folder = temporaryFolder();
    await ocrpipeJson(['init', '--no-git'], { cwd: folder });
    cpSync(join(examples, name), folder, { recursive: true });
    const { stages } = await ocrpipeJson<{ stages: { name: string }[] }>(['stage', 'list'], { cwd: folder });
    const planned = stages.map(({ name: stage }) => stage.replace(/@.*/, ''));
    const pipeline = readFileSync(join(folder, 'pipeline.yaml'), 'utf8');
    const prepares = pipeline.includes('data/raw') ? ['convert', 'split'] : ['draw'];
    expect(planned).toEqual(expect.arrayContaining([...prepares, 'train', 'evaluate']));
  });

  it.each(names)('%s trains again when any section that training reads has changed', (name) => {
    const { stages } = parse(readFileSync(join(examples, name, 'pipeline.yaml'), 'utf8')) as {
      stages: Record<string, TrainingStage & { do?: TrainingStage }>;
    };
    const training = Object.values(stages)
      .map((stage) => stage.do ?? stage)
      .filter(({ run }) => run?.includes('ocrpipe train'));
    expect(training).not.toEqual([]);
    for (const { params } of training) expect(params).toEqual(['model', 'train', 'augment', 'decoder']);
  });

  it.each(names)('%s has parameters that training takes', (name) => {
    const settings = readTrainingSettings(join(examples, name, 'params.yaml'), {
      required: true,
      overrides: {},
    });
    expect(settings.train.maxSteps).toBeGreaterThan(0);
  });

  it.each(variants)('%s stands in the place of params.yaml, and the README says so', async (variant) => {
    const folder = temporaryFolder();
    await ocrpipeJson(['init', '--no-git'], { cwd: folder });
    cpSync(join(examples, dirname(variant)), folder, { recursive: true });
    const planned = (): Promise<unknown> => ocrpipeJson(['stage', 'list'], { cwd: folder });
    const kinds = ({ stages }: { stages: { name: string }[] }): Set<string> =>
      new Set(stages.map(({ name }) => name.replace(/@.*/, '')));
    const before = kinds((await planned()) as never);
    cpSync(join(examples, variant), join(folder, 'params.yaml'));
    expect(kinds((await planned()) as never)).toEqual(before);
    const { model, train } = parse(readFileSync(join(folder, 'params.yaml'), 'utf8')) as Params;
    const settings = readTrainingSettings(join(folder, 'params.yaml'), { required: true });
    expect(settings).toMatchObject({ model, train });
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(readme).toContain(`${variant} params.yaml`);
  });

  it.each(names)('%s is told of in a README', (name) => {
    expect(existsSync(join(examples, name, 'README.md'))).toBe(true);
    expect(readFileSync(join(examples, '../README.md'), 'utf8')).toContain(`examples/${name}`);
  });
});
