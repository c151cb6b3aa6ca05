import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainingSettings } from '../../../src/ocr/train/read-params.js';
import type { TrainingSettings } from '../../../src/ocr/train/train-config.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const FILE =
  'model:\n  type: crnn\n  height: 32\n  filters: [16, 32]\ntrain:\n  epochs: 3\nother: { epochs: 7 }\n';

function settingsWith(set: string[], yaml = FILE): TrainingSettings {
  const file = join(temporaryFolder(), 'params.yaml');
  writeFileSync(file, yaml);
  return readTrainingSettings(file, { required: true, set });
}

describe('values in place of those of the parameter file', () => {
  it('are numbers, texts, lists and maps, written as in YAML', () => {
    const { model, train, augment } = settingsWith([
      'model.height=48',
      'model.cell=lstm',
      'model.filters=[16, 24, 32]',
      'augment={ rotate: 2, probability: 0.5 }',
    ]);
    expect(model).toMatchObject({ height: 48, cell: 'lstm', filters: [16, 24, 32] });
    expect(augment).toMatchObject({ rotate: 2, probability: 0.5 });
    expect(train.epochs).toBe(3);
  });

  it('may be of sections that the file leaves out or empty, and of keys within keys', () => {
    const { augment, decoder } = settingsWith(
      ['augment.cutout.max=0.4', 'decoder.views=3'],
      'augment:\nmodel: { type: crnn }\n',
    );
    expect(augment.cutout).toMatchObject({ max: 0.4 });
    expect(decoder.views).toBe(3);
  });

  it('count in the order in which they are given', () => {
    expect(settingsWith(['train.epochs=5', 'train.epochs=6']).train.epochs).toBe(6);
    expect(settingsWith(['model.height=48', 'model={ type: crnn }']).model.height).toBe(
      settingsWith([], '').model.height,
    );
  });

  it('leave the file as it was for what comes after them', () => {
    const file = join(temporaryFolder(), 'params.yaml');
    writeFileSync(file, FILE);
    readTrainingSettings(file, { required: true, set: ['model.height=64'] });
    expect(readTrainingSettings(file, { required: true }).model.height).toBe(32);
  });

  it.each([
    ['model.height', 'invalid-value', "'--set model.height' is not KEY=VALUE"],
    ['model=', 'invalid-value', "'--set model=' is not KEY=VALUE"],
    ['=48', 'invalid-value', "'--set =48' is not KEY=VALUE"],
    ['model..height=48', 'invalid-value', 'is not KEY=VALUE'],
    ['modle.height=48', 'unknown-key', "'modle' is not a section"],
    ['other.epochs=1', 'unknown-key', "'other' is not a section"],
    ['model.hight=48', 'unknown-key', "the unknown key 'model.hight'"],
    ['model.height=tall', 'invalid-value', "'model.height' is not valid"],
    ['model.height.most=48', 'invalid-value', "'model.height' is no map"],
    ['model.filters=[16', 'yaml-syntax', '--set model.filters=[16'],
  ])('are refused as %s, and it is said which', (set, code, message) => {
    expect(() => settingsWith([set])).toThrow(
      expect.objectContaining({ code, exitCode: 2, message: expect.stringContaining(message) as unknown }),
    );
  });

  it('are named as the place of what is wrong with them, and the file is for the rest', () => {
    const place = (file: string): unknown =>
      expect.objectContaining({ location: expect.objectContaining({ file }) as unknown });
    expect(() => settingsWith(['model.hight=48'])).toThrow(place('--set model.hight=48'));
    expect(() => settingsWith(['model.height=48'], 'model: { type: crnn, cell: rnn }\n')).toThrow(
      expect.objectContaining({
        location: expect.objectContaining({
          file: expect.stringContaining('params.yaml') as unknown,
          line: 1,
        }) as unknown,
      }),
    );
  });
});
