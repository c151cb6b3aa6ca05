import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { writeManifest } from '../../../src/ocr/formats/manifest.js';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import type { HistoryEntry } from '../../../src/ocr/train/history.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';
import { NO_SHARED_DATA, sharedData } from '../../rig/shared-data.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const plates = sharedData('plates');

describe('train on real licence plates', () => {
  it.skipIf(plates === undefined)(
    plates ? 'begins to learn within a few steps' : NO_SHARED_DATA,
    async () => {
      const folder = temporaryFolder();
      const { samples } = await readSamples(plates!, { format: 'ccpd' });
      const [manifest, val] = [join(folder, 'train.jsonl'), join(folder, 'val.jsonl')];
      writeManifest(manifest, samples.slice(0, 160));
      writeManifest(val, samples.slice(160, 200));
      const settings = paramsSchema.parse({
        model: { height: 24, filters: [12, 24, 48], innerDim: 64, units: 48, dropout: 0 },
        train: { batchSize: 16, learningRate: 0.005, maxSteps: 120, evaluateSteps: 40 },
        augment: { rotate: 3, shift: 0.05, noise: 10, brightness: 30 },
      });
      const history = join(folder, 'history.jsonl');
      const out = join(folder, 'model');
      const paths = { cwd: folder, train: manifest, val, out, history };
      await train({ ...paths, settings, backend: 'wasm', events: noEvents });
      const curve = readFileSync(history, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as HistoryEntry);
      expect(curve.map(({ step }) => step)).toEqual([40, 80, 120]);
      expect(curve[2]!.loss).toBeLessThan(0.7 * curve[0]!.loss);
      // At the least what nearly all plates begin with: two of seven characters.
      expect(curve[2]!.valCer).toBeLessThan(0.75);
    },
  );
});
