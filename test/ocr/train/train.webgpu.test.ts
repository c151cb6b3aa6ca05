import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { backendsUnderTest } from '../nn/support.js';
import { drawnLines } from './drawn-lines.js';

const { skip } = backendsUnderTest().find(({ name }) => name === 'webgpu')!;

describe.skipIf(skip)(`train on a GPU${skip === undefined ? '' : ` (${skip})`}`, () => {
  it('learns a few lines by heart with the code that runs everywhere', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', ['abba', 'cab', 'bead', 'dab', 'ace', 'fade']);
    const settings = paramsSchema.parse({
      model: { height: 16, filters: [8, 16], widthStride: 2, innerDim: 24, units: 16, dropout: 0 },
      train: { batchSize: 6, learningRate: 0.02, warmupSteps: 5, epochs: 120, evaluateEvery: 30 },
    });
    const result = await train({
      cwd: folder,
      train: manifest,
      val: manifest,
      out: join(folder, 'model'),
      settings,
      backend: 'webgpu',
      events: noEvents,
    });
    expect(result).toMatchObject({ backend: 'webgpu', metrics: { exact: 1 } });
  }, 600_000);
});
