import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { noEvents, type OcrpipeEvent } from '../../../src/base/events.js';
import type { HistoryEntry } from '../../../src/ocr/train/history.js';
import { paramsSchema, type TrainingSettings } from '../../../src/ocr/train/train-config.js';
import type { TrainingJob } from '../../../src/ocr/train/training-job.js';

export const LABELS = ['abba', 'cab', 'bead', 'dab', 'ace', 'fade', 'deaf', 'cede'];

export function settings(
  changes: { train?: object; augment?: object; model?: object; decoder?: object } = {},
): TrainingSettings {
  return paramsSchema.parse({
    model: {
      height: 16,
      filters: [8, 16],
      widthStride: 2,
      innerDim: 24,
      units: 16,
      dropout: 0,
      ...changes.model,
    },
    train: {
      batchSize: 4,
      learningRate: 0.01,
      warmupSteps: 5,
      epochs: 100,
      evaluateEvery: 20,
      ...changes.train,
    },
    augment: changes.augment ?? {},
    decoder: changes.decoder ?? {},
  });
}

export function job(folder: string, manifest: string, changes: Partial<TrainingJob> = {}): TrainingJob {
  return {
    cwd: folder,
    train: manifest,
    val: manifest,
    out: join(folder, 'model'),
    settings: settings(),
    backend: 'wasm',
    history: join(folder, 'history.jsonl'),
    metrics: join(folder, 'metrics.json'),
    events: noEvents,
    ...changes,
  };
}

/** The first progress of the steps is told at once: then the training is asked to stop. */
export function stopAfterOneStep(): Pick<TrainingJob, 'events' | 'signal'> & { signal: AbortSignal } {
  const stop = new AbortController();
  const events = (event: OcrpipeEvent): void => {
    if (event.type === 'progress' && event.key === 'train') stop.abort(new Error('stopped by the test'));
  };
  return { events, signal: stop.signal };
}

export function curve(folder: string): HistoryEntry[] {
  const lines = readFileSync(join(folder, 'history.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as HistoryEntry);
}

export function modelBytes(folder: string, model = 'model'): string {
  const names = readdirSync(join(folder, model)).sort();
  return names.map((name) => readFileSync(join(folder, model, name)).toString('base64')).join('\n');
}
