import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { readTrainingSettings } from '../../../src/ocr/train/read-params.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** What `train` gets from a params.yaml with this alphabet. */
function alphabetIn(yaml: string): unknown {
  const file = join(temporaryFolder(), 'params.yaml');
  writeFileSync(file, `train:\n  alphabet: ${yaml}\n`);
  return readTrainingSettings(file, { required: true }).train.alphabet;
}

describe('an alphabet in params.yaml', () => {
  it('may be a text, or a list with one character an entry', () => {
    expect(alphabetIn('ABC')).toBe('ABC');
    expect(alphabetIn(String.raw`[u, "\u0364", 1, "2"]`)).toEqual(['u', '\u0364', '1', '2']);
  });

  it.each(['[]', '[A, ""]', '[A, 12]', '5'])('is refused as %s, with its place', (yaml) => {
    expect(() => alphabetIn(yaml)).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        exitCode: 2,
        location: expect.objectContaining({ line: 2 }) as unknown,
      }),
    );
  });
});

describe('label smoothing', () => {
  it('is refused for a model with CTC, with its place', () => {
    const file = join(temporaryFolder(), 'params.yaml');
    writeFileSync(file, 'model:\n  type: crnn\ntrain:\n  labelSmoothing: 0.1\n');
    expect(() => readTrainingSettings(file, { required: true })).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        location: expect.objectContaining({ line: 4 }) as unknown,
      }),
    );
  });
});

describe('a model in params.yaml', () => {
  it.each([
    ['an unknown type', 'model:\n  type: crn\n', 2, 'must be one of crnn, fcnn-lstm, attention, mixer', ''],
    [
      'fcnn-lstm without a width',
      'model:\n  type: fcnn-lstm\n',
      2,
      "needs 'model.width'",
      "Add 'width' in pixels",
    ],
    [
      'stretch without a width',
      'model:\n  fit: stretch\n',
      2,
      "needs 'model.width'",
      "Add 'width' in pixels",
    ],
    ['a key of another type', 'model:\n  type: mixer\n  units: 64\n', 3, "unknown key 'model.units'", ''],
    [
      'heads that do not divide',
      'model:\n  type: mixer\n  heads: 3\n',
      3,
      "'innerDim' must be a multiple",
      '',
    ],
    [
      'too few blocks',
      'model:\n  type: fcnn-lstm\n  width: 90\n  filters: [8]\n',
      4,
      'needs at least 3 blocks',
      '',
    ],
    [
      'a language model for attention',
      'model:\n  type: attention\ndecoder:\n  languageModel: {}\n',
      4,
      "'decoder.languageModel' is for models with CTC",
      "'decoder.pattern' are for all types",
    ],
    [
      'views for attention',
      'model:\n  type: attention\ndecoder:\n  views: 3\n',
      4,
      "'decoder.views' is for models with CTC",
      'Leave it out',
    ],
  ])('with %s is refused with its place', (_, yaml, line, message, hint) => {
    const file = join(temporaryFolder(), 'params.yaml');
    writeFileSync(file, yaml);
    expect(() => readTrainingSettings(file, { required: true })).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(message) as unknown,
        hint: expect.stringContaining(hint) as unknown,
        location: expect.objectContaining({ line }) as unknown,
      }),
    );
  });
});

describe('an option without effect', () => {
  function notes(yaml: string, set: string[] = []): string[] {
    const file = join(temporaryFolder(), 'params.yaml');
    writeFileSync(file, yaml);
    const told: OcrpipeEvent[] = [];
    readTrainingSettings(file, {
      required: true,
      set,
      shownAs: 'p.yaml',
      events: (event) => told.push(event),
    });
    return told.map((event) =>
      event.type === 'note' ? `${event.level} ${event.code} ${event.message}` : '',
    );
  }

  it.each([
    ['augment: {hue: 10}\nmodel: {channels: 1}', 'p.yaml:1:16', 'augment.hue', 'in grey'],
    ['train:\n  optimizer: sgd\n  amsgrad: true', 'p.yaml:3:12', 'train.amsgrad', 'adam'],
    ['train:\n  nesterov: true', 'p.yaml:2:13', 'train.nesterov', 'sgd'],
    ['train: {schedule: oneCycle, warmupSteps: 5}', 'p.yaml:1:42', 'train.warmupSteps', 'oneCycleRise'],
    [
      'train: {schedule: constant, finalLearningRate: 0.1}',
      'p.yaml:1:48',
      'train.finalLearningRate',
      'keeps',
    ],
    ['train: {evaluateSteps: 5, evaluateEvery: 2}', 'p.yaml:1:42', 'train.evaluateEvery', 'evaluateSteps'],
    ['train: {explodingFactor: 0, explodingSteps: 3}', 'p.yaml:1:45', 'train.explodingSteps', 'goes on'],
    ['train: {weightDecay: 0, weightDecayMode: l2}', 'p.yaml:1:42', 'train.weightDecayMode', 'is 0'],
    ['train: {strict: true}', 'p.yaml:1:17', 'train.strict', 'from'],
    ['train: {plateauFactor: 0.3}', 'p.yaml:1:24', 'train.plateauFactor', 'plateau'],
    ['train: {oneCycleStart: 0.3}', 'p.yaml:1:24', 'train.oneCycleStart', 'oneCycle'],
  ])('is told of, with its place: %j', (yaml, place, option, why) => {
    expect(notes(yaml)).toEqual([
      expect.stringMatching(
        new RegExp(`^warning option-idle ${place}: '${option}' changes nothing: .*${why}`),
      ),
    ]);
  });

  it('is told of where a flag sets it', () => {
    expect(notes('', ['train.momentum=0.5'])).toEqual([
      expect.stringContaining("--set train.momentum=0.5: 'train.momentum' changes nothing") as string,
    ]);
  });

  it('is not told of where it has one, or asks for nothing', () => {
    expect(notes('augment: {hue: 10}\nmodel: {channels: 3}')).toEqual([]);
    expect(notes('augment: {hue: {max: 0}, gray: 0}')).toEqual([]);
    expect(notes('train: {optimizer: sgd, amsgrad: false, nesterov: true}')).toEqual([]);
    expect(notes('train: {schedule: oneCycle, warmupSteps: 0, oneCycleRise: 0.2}')).toEqual([]);
  });
});
