import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { noEvents, type OcrpipeEvent } from '../../../src/base/events.js';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { readTrainingSettings } from '../../../src/ocr/train/read-params.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';

let folder: string;
let manifest: string;

beforeEach(async () => {
  folder = temporaryFolder();
  manifest = await drawnLines(folder, 'lines', ['abc', 'cab', 'bca']);
});

function run(
  changes: { train?: object; model?: object; val?: string; events?: (event: OcrpipeEvent) => void } = {},
) {
  const { train: learning, model, val = manifest, events = noEvents } = changes;
  const settings = paramsSchema.parse({
    model: { height: 16, filters: [2, 2], innerDim: 8, units: 8, ...model },
    train: { maxSteps: 1, ...learning },
  });
  const out = join(folder, 'models', 'x');
  const metrics = join(folder, 'reports', 'train.json');
  return train({ cwd: folder, train: manifest, val, out, metrics, settings, backend: 'cpu', events });
}

/** Exit code 2, this code, and nothing written. */
async function refused(code: string, promise: Promise<unknown>, details: object = {}): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code, exitCode: 2, ...details });
  expect(existsSync(join(folder, 'models'))).toBe(false);
  expect(existsSync(join(folder, 'reports'))).toBe(false);
}

describe('train refuses, before it writes anything,', () => {
  it('a training label outside a given alphabet, naming file and line', async () => {
    await refused('label-outside-alphabet', run({ train: { alphabet: 'ac' } }), {
      message: expect.stringContaining(`${manifest}:1: the label`) as string,
      location: { file: manifest },
    });
  });

  it('an empty manifest and one that is not there', async () => {
    writeFileSync(manifest, '');
    await refused('manifest-empty', run());
    manifest = join(folder, 'absent.jsonl');
    await expect(run()).rejects.toMatchObject({ exitCode: 2 });
  });

  it('an unreadable image by its name, and several together', async () => {
    const first = join(folder, 'images', 'lines-0.png');
    writeFileSync(first, readFileSync(first).subarray(0, 40));
    await refused('image-unreadable', run(), {
      location: { file: manifest, line: 1 },
      message: expect.stringContaining(`${manifest}:1: ${first} cannot be read`) as string,
    });
    writeFileSync(join(folder, 'images', 'lines-2.png'), 'no image');
    await expect(run()).rejects.toMatchObject({
      code: 'images-unreadable',
      message: expect.stringMatching(/2 of 3 images.*lines-0\.png.*lines-2\.png/s) as string,
    });
  });

  it('more images than a message holds: the first of them, and all among its problems', async () => {
    manifest = await drawnLines(folder, 'lines', Array<string>(30).fill('ab'));
    const broken = Array.from({ length: 25 }, (_, index) => index + 5);
    for (const index of broken) writeFileSync(join(folder, 'images', `lines-${index}.png`), 'no image');
    await refused('images-unreadable', run(), {
      message: expect.stringMatching(
        /^25 of 30 images.*lines-24\.png.*and 5 more \('--json' has them all\)$/s,
      ) as string,
      problems: broken.map((index) => ({
        code: 'image-unreadable',
        message: expect.stringContaining(`lines-${index}.png cannot be read`) as string,
        location: { file: manifest, line: index + 1 },
      })),
    });
  });

  it('all that is wrong at once: labels outside the alphabet by line, broken images, labels that do not fit', async () => {
    manifest = await drawnLines(folder, 'lines', ['abc', 'aaa', 'abc']);
    writeFileSync(join(folder, 'images', 'lines-2.png'), 'no image');
    const options = { train: { alphabet: 'ab' }, model: { widthStride: 8, filters: [2, 2, 2] } };
    await refused('labels-unusable', run(options), {
      message: expect.stringMatching(
        /2 of 3 labels have characters.*:1: the label 'abc'.*:3: the label.*lines-2\.png cannot be read/s,
      ) as string,
    });
  });

  it('labels that CTC cannot emit in the steps of their image, equal neighbours counted twice', async () => {
    manifest = await drawnLines(folder, 'lines', ['abc', 'aaa']);
    // 24 pixels at 8 a step: three steps, enough for 'abc', not for 'a-a-a'.
    await refused('label-too-long', run({ model: { widthStride: 8, filters: [2, 2, 2] } }), {
      location: { file: manifest, line: 2 },
      message: `${manifest}:2: the label 'aaa' of images/lines-1.png needs 5 time steps, its image gives 3`,
    });
    manifest = await drawnLines(folder, 'lines', ['aaa', 'abc', 'bbb']);
    await refused('label-too-long', run({ model: { widthStride: 8, filters: [2, 2, 2] } }), {
      location: { file: manifest },
      message: expect.stringMatching(
        /^2 of 3 labels do not fit.*:1: the label 'aaa'.*:3: the label/s,
      ) as string,
    });
  });

  it('a parameter that it does not know, with line, column and the nearest name', () => {
    const params = join(folder, 'params.yaml');
    writeFileSync(params, 'split: {seed: 1}\ntrain:\n  epochs: 3\n  learningrate: 0.1\n');
    expect(() => readTrainingSettings(params, { required: true })).toThrow(
      expect.objectContaining({
        code: 'unknown-key',
        location: { file: params, line: 4, column: 3 },
        hint: expect.stringContaining('learningRate') as string,
      }),
    );
  });

  it('blocks that cannot halve the width down to widthStride, and a width that pad would not keep, at their place', () => {
    const params = join(folder, 'params.yaml');
    const refusal = (line: number, column: number, message: RegExp): object =>
      expect.objectContaining({
        code: 'invalid-value',
        exitCode: 2,
        location: { file: params, line, column },
        message: expect.stringMatching(message) as string,
      }) as object;
    writeFileSync(params, 'model:\n  widthStride: 8\n  filters: [16, 32]\n');
    expect(() => readTrainingSettings(params, { required: true })).toThrow(
      refusal(3, 12, /'model\.filters'.*2 blocks halve the width only to 4 pixels.*at least 3 blocks/),
    );
    writeFileSync(params, 'model: {height: 32, width: 200}\n');
    expect(() => readTrainingSettings(params, { required: true })).toThrow(
      refusal(1, 28, /'model\.width'.*pad-then-squeeze/),
    );
  });
});

describe('what the command line says instead of the parameters', () => {
  const params = (): string => join(folder, 'params.yaml');

  it.each<[object, RegExp]>([
    [{ seed: 2 ** 53 }, /'train\.seed'.*9007199254740992/],
    [{ seed: -1 }, /'train\.seed'/],
    [{ epochs: 1.5 }, /'train\.epochs'/],
    [{ maxSteps: 0 }, /'train\.maxSteps'/],
  ])('is held to the same rules: %j', (overrides, message) => {
    writeFileSync(params(), 'train: {epochs: 3}\n');
    expect(() => readTrainingSettings(params(), { required: true, overrides })).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        exitCode: 2,
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  it('wins over the file', () => {
    writeFileSync(params(), 'train: {epochs: 3, seed: 5}\n');
    const { train: learning } = readTrainingSettings(params(), { required: true, overrides: { epochs: 7 } });
    expect(learning).toMatchObject({ epochs: 7, seed: 5 });
  });
});

describe('a section of the parameters', () => {
  it('counts as left out if nothing stands in it', () => {
    const params = join(folder, 'params.yaml');
    writeFileSync(params, 'model:\ntrain: # later\naugment: ~\n');
    expect(readTrainingSettings(params, { required: true })).toEqual(paramsSchema.parse({}));
  });

  it.each([
    ['model: 5', 1, 8],
    ['train: []', 1, 8],
  ])('must be a map: %s', (text, line, column) => {
    const params = join(folder, 'params.yaml');
    writeFileSync(params, text);
    expect(() => readTrainingSettings(params, { required: true })).toThrow(
      expect.objectContaining({ code: 'invalid-value', location: { file: params, line, column } }),
    );
  });
});

describe('train', () => {
  it('counts characters of validation labels that no training label has, and goes on', async () => {
    const val = await drawnLines(folder, 'val', ['abx', 'xay']);
    const notes: string[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'note') notes.push(event.message);
    };
    await run({ val, events });
    expect(notes.join()).toMatch(/'x' \(U\+0078\) in 2 labels, 'y' \(U\+0079\) in 1 label/);
    expect(readdirSync(join(folder, 'models')).sort()).toEqual(['x']);
  });

  it('keeps the best weights beside the model when it cannot go on, until a training has finished', async () => {
    const diverging = { maxSteps: 60, learningRate: 1e30, warmupSteps: 0, clipNorm: 1e30, batchSize: 1 };
    const kept = join(folder, 'models', '.x.checkpoint', 'best');
    await expect(run({ train: { ...diverging, evaluateSteps: 1 } })).rejects.toMatchObject({
      code: 'loss-not-finite',
      exitCode: 1,
      hint: expect.stringContaining(`--model ${kept}`) as string,
    });
    expect(existsSync(join(folder, 'models', 'x'))).toBe(false);
    const { recogniser, description } = readModelFolder(kept);
    expect(description.training.step).toBeGreaterThan(0);
    recogniser.network.dispose();
    await run();
    expect(readdirSync(join(folder, 'models'))).toEqual(['x']);
  });

  it('warns of validation images that are training images too, under whatever name', async () => {
    const val = await drawnLines(folder, 'val', ['aab', 'cba']);
    copyFileSync(join(folder, 'images', 'lines-1.png'), join(folder, 'images', 'val-1.png'));
    const notes: string[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'note') notes.push(`${event.level} ${event.code}: ${event.message}`);
    };
    await run({ val, events });
    await run({ val: manifest, events });
    expect(notes).toEqual([
      expect.stringMatching(/^warning validation-in-training: 1 of 2 validation images/),
      expect.stringMatching(/^warning validation-in-training: 3 of 3 validation images/),
    ]);
  });

  it('stops with a diagnosis when the loss is no longer a number, and leaves no model', async () => {
    const promise = run({
      train: { maxSteps: 60, learningRate: 1e30, warmupSteps: 0, clipNorm: 1e30, batchSize: 1 },
    });
    await expect(promise).rejects.toMatchObject({
      code: 'loss-not-finite',
      exitCode: 1,
      problems: [{ location: { file: expect.stringMatching(/lines-\d\.png$/) as string } }],
    });
    expect(existsSync(join(folder, 'models', 'x'))).toBe(false);
  });
});
