import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTrainingSettings } from '../../src/ocr/train/read-params.js';
import { ocrpipeJson } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const names = readdirSync(examples);

describe('the examples', () => {
  it.each(names)('%s has a pipeline that can be planned, from the data on', async (name) => {
    const folder = temporaryFolder();
    await ocrpipeJson(['init', '--no-git'], { cwd: folder });
    cpSync(join(examples, name), folder, { recursive: true });
    const { stages } = await ocrpipeJson<{ stages: { name: string }[] }>(['stage', 'list'], { cwd: folder });
    const planned = stages.map((stage) => stage.name);
    const pipeline = readFileSync(join(folder, 'pipeline.yaml'), 'utf8');
    const prepares = pipeline.includes('data/raw') ? ['convert', 'split'] : ['draw'];
    expect(planned).toEqual(expect.arrayContaining([...prepares, 'train', 'evaluate']));
  });

  it.each(names)('%s has parameters that training takes', (name) => {
    const settings = readTrainingSettings(join(examples, name, 'params.yaml'), {
      required: true,
      overrides: {},
    });
    expect(settings.train.maxSteps).toBeGreaterThan(0);
  });

  it.each(names)('%s is told of in a README', (name) => {
    expect(existsSync(join(examples, name, 'README.md'))).toBe(true);
    expect(readFileSync(join(examples, '../README.md'), 'utf8')).toContain(`examples/${name}`);
  });
});
