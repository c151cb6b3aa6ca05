import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEvents, type EventSink, type OcrpipeEvent } from '../../../src/base/events.js';
import { checkpointFolder, holdModelFolder } from '../../../src/ocr/models/held-model-folder.js';
import type { HistoryEntry } from '../../../src/ocr/train/history.js';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { listImages } from '../../../src/ocr/predict/list-images.js';
import { predictFiles } from '../../../src/ocr/predict/predict-files.js';
import { scoreLines } from '../../../src/ocr/text/metrics.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines, randomLabels } from './drawn-lines.js';
import { curve, job, LABELS, modelBytes, settings, stopAfterOneStep } from './training-jobs.js';

describe('train', () => {
  it('learns a few lines by heart, and what it saves reads them again with the same figures', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const result = await train(job(folder, manifest));
    expect(result.metrics).toMatchObject({ exact: 1, cer: 0, count: LABELS.length });
    const losses = curve(folder).map(({ loss }) => loss);
    expect(losses.at(-1)!).toBeLessThan(0.2 * losses[0]!);
    expect(JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'))).toMatchObject(result.metrics);

    const { recogniser } = readModelFolder(join(folder, 'model'));
    const images = listImages(
      LABELS.map((_, index) => `images/lines-${index}.png`),
      folder,
    );
    const read = await predictFiles(recogniser, images, { events: noEvents });
    recogniser.network.dispose();
    const rows = read.predictions.map(({ text }, index) => ({ truth: LABELS[index]!, prediction: text }));
    expect(scoreLines(rows)).toEqual(result.metrics);
    expect(existsSync(checkpointFolder(join(folder, 'model')))).toBe(false);
  });

  it('validates with the figures that reading the images with the saved weights gives, also when they are poor', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const result = await train(
      job(folder, manifest, { settings: settings({ train: { epochs: 12, evaluateEvery: 3 } }) }),
    );
    const { recogniser } = readModelFolder(join(folder, 'model'));
    const images = listImages(
      LABELS.map((_, index) => `images/lines-${index}.png`),
      folder,
    );
    const read = await predictFiles(recogniser, images, { events: noEvents });
    recogniser.network.dispose();
    expect(result.metrics.cer).toBeGreaterThan(0);
    const rows = read.predictions.map(({ text }, index) => ({ truth: LABELS[index]!, prediction: text }));
    expect(scoreLines(rows)).toEqual(result.metrics);
  });

  it('goes on after a stop as if it had never stopped, bit for bit', async () => {
    const varied = { augment: { rotate: 3, noise: 10, blur: 1, shift: 0.1 }, model: { dropout: 0.2 } };
    const options = settings({ train: { epochs: 6, evaluateEvery: 1, averaging: 0.9 }, ...varied });
    const whole = temporaryFolder();
    await train(job(whole, await drawnLines(whole, 'lines', LABELS), { settings: options }));

    const parts = temporaryFolder();
    const manifest = await drawnLines(parts, 'lines', LABELS);
    const again = job(parts, manifest, { settings: options });
    // Two steps an epoch: stops within one, before a validation, and after some.
    for (let stops = 0; stops < 5; stops += 1) {
      await expect(train({ ...again, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    }
    expect(existsSync(join(parts, 'model'))).toBe(false);
    const notes: string[] = [];
    const events: EventSink = (event) => {
      if (event.type === 'note' && event.code === 'training-resumed') notes.push(event.message);
    };
    const result = await train({ ...again, events });
    expect(result.resumedFrom).toBe(5);
    expect(notes).toEqual(['goes on from step 5 of an earlier run']);
    expect(modelBytes(parts)).toBe(modelBytes(whole));
    expect(curve(parts)).toEqual(curve(whole));
  });

  it('hears a signal while it computes', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const stop = new AbortController();
    // As a signal's handler does: the abort comes from the event loop, not from within the training.
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'progress' && event.key === 'train') {
        setImmediate(() => {
          stop.abort(new Error('stopped from outside'));
        });
      }
    };
    await expect(train(job(folder, manifest, { events, signal: stop.signal }))).rejects.toThrow(
      'stopped from outside',
    );
  });

  it('waits for another training to the same place, and says so', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    await openBackend('wasm');
    const other = await holdModelFolder(join(folder, 'model'));
    const waits: string[] = [];
    const events: EventSink = (event) => {
      if (event.type !== 'waiting') return;
      waits.push(event.what);
      expect(existsSync(join(folder, 'model'))).toBe(false);
      other.release();
    };
    await train(job(folder, manifest, { settings: settings({ train: { epochs: 2 } }), events }));
    expect(waits).toEqual(['the model model']);
    readModelFolder(join(folder, 'model')).recogniser.network.dispose();
    expect(readdirSync(folder).sort()).toEqual([
      'history.jsonl',
      'images',
      'lines.jsonl',
      'metrics.json',
      'model',
    ]);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut in its description', (bytes) => bytes.subarray(0, 200)],
    ['cut in its tensors', (bytes) => bytes.subarray(0, bytes.length - 9)],
    ['with one wrong bit', (bytes) => (bytes.writeUInt8(bytes.at(-100)! ^ 1, bytes.length - 100), bytes)],
    [
      'with a wrong figure',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"stale":0', '"stale":7'), 'latin1'),
    ],
  ])('begins anew, and says so, when its checkpoint is damaged: %s', async (_, damage) => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const options = settings({ train: { evaluateSteps: 1, maxSteps: 2 } });
    const first = job(folder, manifest, { settings: options });
    await expect(train({ ...first, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    const file = join(checkpointFolder(first.out), 'checkpoint.bin');
    writeFileSync(file, damage(readFileSync(file)));
    const notes: string[] = [];
    const events: EventSink = (event) => {
      if (event.type === 'note' && event.code.startsWith('checkpoint')) {
        notes.push(`${event.level} ${event.code} ${event.message}`);
      }
    };
    expect((await train({ ...first, events })).resumedFrom).toBe(0);
    expect(notes).toEqual([
      `warning checkpoint-unusable ${relative(folder, file)} is damaged, or of another version of ocrpipe: training begins anew`,
    ]);
    expect(existsSync(checkpointFolder(first.out))).toBe(false);
  });

  it('begins anew, and says so, when a parameter changed after the stop', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const first = job(folder, manifest, { settings: settings({ train: { evaluateSteps: 1 } }) });
    await expect(train({ ...first, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    expect(existsSync(checkpointFolder(first.out))).toBe(true);
    expect(readFileSync(join(checkpointFolder(first.out), '.gitignore'), 'utf8')).toBe('*\n');
    const other = settings({ train: { evaluateSteps: 1, maxSteps: 2, learningRate: 0.02 } });
    const notes: string[] = [];
    const events: EventSink = (event) => {
      if (event.type === 'note') notes.push(`${event.level} ${event.code} ${event.message}`);
    };
    expect((await train({ ...first, settings: other, events })).resumedFrom).toBe(0);
    const file = relative(folder, join(checkpointFolder(first.out), 'checkpoint.bin'));
    expect(notes).toContain(
      `warning checkpoint-of-another ${file} is from 1 step with other parameters, data, weights to begin with, backend or version of ocrpipe, and will be replaced: training begins anew`,
    );
  });

  it('gives the same curve for the same seed and another for another seed', async () => {
    const run = async (seed: number): Promise<HistoryEntry[]> => {
      const folder = temporaryFolder();
      const options = settings({
        train: { seed, epochs: 3, evaluateEvery: 1 },
        augment: { noise: 20, shear: 0.1 },
      });
      await train(job(folder, await drawnLines(folder, 'lines', LABELS), { settings: options }));
      return curve(folder);
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
  });

  it('cannot learn to read new lines from shuffled labels', async () => {
    const folder = temporaryFolder();
    const labels = randomLabels('abcd', { count: 48, length: 4, seed: 1 });
    const right = await drawnLines(folder, 'train', labels);
    const val = await drawnLines(folder, 'val', randomLabels('abcd', { count: 24, length: 4, seed: 2 }));
    const options = settings({ train: { epochs: 16, batchSize: 8, evaluateEvery: 4 } });
    const learnt = await train(job(folder, right, { val, settings: options }));
    const lines = readFileSync(right, 'utf8').trim().split('\n');
    const shuffled = lines.map((line, index) => {
      const { text } = JSON.parse(lines[(index + 7) % lines.length]!) as { text: string };
      return JSON.stringify({ ...(JSON.parse(line) as object), text });
    });
    writeFileSync(right, `${shuffled.join('\n')}\n`);
    const confused = await train(job(folder, right, { val, settings: options }));
    expect(learnt.metrics.exact).toBeGreaterThan(0.85);
    expect(confused.metrics.exact).toBeLessThan(0.3);
  });

  it('learns Vietnamese labels the same in composed and in decomposed form', async () => {
    const composed = randomLabels('ếệườạịốđĂ7'.normalize('NFC'), { count: 32, length: 5, seed: 3 });
    const run = async (form: 'NFC' | 'NFD'): Promise<string> => {
      const folder = temporaryFolder();
      const manifest = await drawnLines(folder, 'lines', composed);
      writeFileSync(manifest, readFileSync(manifest, 'utf8').normalize(form));
      const options = settings({ train: { epochs: 25, evaluateEvery: 5 } });
      const { metrics } = await train(job(folder, manifest, { settings: options }));
      expect(metrics.exact).toBeGreaterThan(0.9);
      const { recogniser, description } = readModelFolder(join(folder, 'model'));
      recogniser.network.dispose();
      expect(description.alphabet).toContain('ế');
      return description.weights.id;
    };
    expect(await run('NFD')).toBe(await run('NFC'));
  });
});

describe('a training step', () => {
  it('leaves no tensor behind', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const counts: number[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'progress-end') counts.push(tf.memory().numTensors);
    };
    const short = job(folder, manifest, {
      events,
      settings: settings({ train: { epochs: 1, averaging: 0.9 } }),
    });
    await train(short);
    const long = { ...short, settings: settings({ train: { epochs: 8, averaging: 0.9 } }) };
    await train(long);
    const [, , afterShort, , , afterLong] = counts;
    expect(afterLong).toBe(afterShort);
  });
});
