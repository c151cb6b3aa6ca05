import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEvents, type EventSink } from '../../../src/base/events.js';
import { openReader, type DecoderChoice } from '../../../src/ocr/models/chosen-decoder.js';
import { readDescription } from '../../../src/ocr/models/model-description.js';
import { listImages } from '../../../src/ocr/predict/list-images.js';
import { predictFiles } from '../../../src/ocr/predict/predict-files.js';
import { scoreLines } from '../../../src/ocr/text/metrics.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';
import { job, LABELS, settings } from './training-jobs.js';

const POOR = { epochs: 14, evaluateEvery: 7 };

async function read(folder: string, choice?: DecoderChoice): Promise<string[]> {
  const model = openReader(join(folder, 'model'), choice);
  try {
    const names = LABELS.map((_, index) => `images/lines-${index}.png`);
    const { predictions } = await predictFiles(model, listImages(names, folder), { events: noEvents });
    return predictions.map(({ text }) => text);
  } finally {
    model.network.dispose();
  }
}

function cerOf(texts: readonly string[]): number {
  return scoreLines(texts.map((prediction, index) => ({ truth: LABELS[index]!, prediction }))).cer;
}

describe('a decoder with a language model', () => {
  let folder = '';
  beforeAll(async () => {
    folder = temporaryFolder(afterAll);
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const options = settings({ train: POOR, decoder: { beam: 8, languageModel: { order: 3 } } });
    const { metrics } = await train(job(folder, manifest, { settings: options }));
    expect(cerOf(await read(folder))).toBe(metrics.cer);
  });

  it('is learnt from the training labels, weighed on the validation part, and reads better than without', async () => {
    const { decoder, metrics } = readDescription(join(folder, 'model'));
    expect(decoder).toMatchObject({ type: 'ctc-beam', beam: 8 });
    expect(cerOf(await read(folder))).toBe(metrics['cer']);
    expect(metrics['cer']).toBeLessThan(cerOf(await read(folder, { decoder: 'greedy' })));
  });

  it('can be told to count more, or to hold to a pattern', async () => {
    const texts = await read(folder, { languageWeight: 0.4, pattern: '[a-f]{3}' });
    for (const text of texts) expect(text).toMatch(/^[a-f]{3}$/);
  });

  it('reads over views when told to, and keeps to the rest', async () => {
    const reader = openReader(join(folder, 'model'), { views: 3 });
    expect(reader.decoder).toMatchObject({ type: 'ctc-beam', beam: 8, views: 3, languageModel: {} });
    reader.network.dispose();
    expect(await read(folder, { views: 3 })).toHaveLength(LABELS.length);
  });

  it('is refused together with greedy reading', () => {
    expect(() => openReader(join(folder, 'model'), { decoder: 'greedy', beam: 3 })).toThrow(
      expect.objectContaining({ code: 'decoder-conflict', exitCode: 2 }),
    );
  });

  it('is replaced with the model, and read only as it was saved', async () => {
    const manifest = join(folder, 'lines.jsonl');
    const names = (): string[] =>
      readdirSync(join(folder, 'model')).filter((name) => name.startsWith('language-'));
    const [before] = names();
    const options = settings({
      train: { maxSteps: 1 },
      decoder: { languageModel: { order: 2, weight: 0.5, bonus: 0 } },
    });
    await train(job(folder, manifest, { settings: options }));
    const [after, ...others] = names();
    expect([after === before, others]).toEqual([false, []]);
    appendFileSync(join(folder, 'model', after!), ' ');
    expect(() => openReader(join(folder, 'model'))).toThrow(
      expect.objectContaining({ code: 'model-damaged' }),
    );
  });
});

describe('views alone', () => {
  it('are what a model is saved with, and what its validation figures come from', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const options = settings({ train: POOR, decoder: { views: 5 } });
    const { metrics } = await train(job(folder, manifest, { settings: options }));
    expect(readDescription(join(folder, 'model')).decoder).toEqual({ type: 'ctc-greedy', views: 5 });
    expect(cerOf(await read(folder))).toBe(metrics.cer);
    const greedy = openReader(join(folder, 'model'), { decoder: 'greedy' });
    expect(greedy.decoder).toEqual({ type: 'ctc-greedy' });
    greedy.network.dispose();
    const chosen = openReader(join(folder, 'model'), { beam: 4 });
    expect(chosen.decoder).toEqual({ type: 'ctc-beam', beam: 4, views: 5 });
    chosen.network.dispose();
  });
});

describe('a pattern for the decoder', () => {
  it('is checked before the first step, with the labels that will not be read', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const wrong = settings({ decoder: { pattern: '[a-' } });
    await expect(train(job(folder, manifest, { settings: wrong }))).rejects.toMatchObject({
      code: 'bad-pattern',
    });
    const notes: string[] = [];
    const events: EventSink = (event) => {
      if (event.type === 'note' && event.code === 'labels-outside-pattern') notes.push(event.message);
    };
    const options = settings({ train: { maxSteps: 1 }, decoder: { pattern: '[a-f]{4}' } });
    await train(job(folder, manifest, { settings: options, events }));
    expect(notes[0]).toContain("6 of 16 labels do not match 'decoder.pattern'");
    expect(readDescription(join(folder, 'model')).decoder).toEqual({
      type: 'ctc-beam',
      beam: 10,
      pattern: '[a-f]{4}',
    });
    expect(() => openReader(join(folder, 'model'), { languageWeight: 1 })).toThrow(
      expect.objectContaining({ code: 'decoder-conflict' }),
    );
  });
});
