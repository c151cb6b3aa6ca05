import { describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointFolder } from '../../../src/ocr/models/held-model-folder.js';
import { DivergenceWatch, watchStateSchema } from '../../../src/ocr/train/divergence-watch.js';
import { train } from '../../../src/ocr/train/train.js';
import type { TrainingBatch } from '../../../src/ocr/train/training-batches.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';
import { job, LABELS, settings } from './training-jobs.js';

const samples = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
  name: `${name}.png`,
  file: `/lines/${name}.png`,
  text: name,
}));
const batch = { step: 41, epoch: 2, samples } as unknown as TrainingBatch;
const rules = { explodingFactor: 10, explodingSteps: 3 };

function looks(watch: DivergenceWatch, losses: readonly number[]): void {
  for (const loss of losses) watch.look(batch, { loss, texts: [], gradientNorm: 1 });
}

describe('the watch over a training', () => {
  it('stops it when losses stay far above the median, naming step and images', () => {
    const watch = new DivergenceWatch(rules);
    looks(watch, new Array<number>(30).fill(1));
    looks(watch, [11, 11]);
    expect(() => {
      looks(watch, [12]);
    }).toThrow(
      expect.objectContaining({
        code: 'loss-exploding',
        message: expect.stringMatching(
          /step 42 \(epoch 3\) loss 12\.0 beside 1\.00.*\(images a\.png, b\.png, c\.png and 2 more, which --json lists\)$/,
        ) as unknown,
        problems: samples.map(
          ({ file, text }) =>
            expect.objectContaining({
              location: { file },
              message: expect.stringContaining(`'${text}'`) as unknown,
            }) as unknown,
        ),
      }),
    );
  });

  it('lets single steps, slow growth, small losses and the first steps pass', () => {
    const watch = new DivergenceWatch(rules);
    looks(watch, [1, 500, 500, 500, 500]);
    looks(watch, new Array<number>(30).fill(1));
    looks(watch, [11, 11, 2, 11, 11, 2]);
    const other = new DivergenceWatch(rules);
    looks(other, new Array<number>(50).fill(0.001));
    looks(other, [0.5, 0.5, 0.5, 0.5]);
    looks(
      other,
      Array.from({ length: 400 }, (_, step) => 0.01 * 1.02 ** step),
    );
  });

  it('looks at the length of the gradient as well, and at nothing with the factor 0', () => {
    const explode = (watch: DivergenceWatch) => () => {
      for (let step = 0; step < 60; step += 1)
        watch.look(batch, { loss: 1, texts: [], gradientNorm: step < 40 ? 2 : 50 });
    };
    expect(explode(new DivergenceWatch(rules))).toThrow('length of the gradient 50.0 beside 2.00');
    expect(explode(new DivergenceWatch({ ...rules, explodingFactor: 0 }))).not.toThrow();
  });

  it('goes on counting from what a checkpoint kept', () => {
    const before = new DivergenceWatch(rules);
    looks(before, [...new Array<number>(30).fill(1), 11, 11]);
    const saved = watchStateSchema.parse(JSON.parse(JSON.stringify(before.state())));
    expect(() => {
      looks(new DivergenceWatch(rules, saved), [11]);
    }).toThrow(expect.objectContaining({ code: 'loss-exploding' }));
  });

  it('leaves the best weights until then', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const options = { learningRate: 20, warmupSteps: 400, schedule: 'constant', evaluateSteps: 10 };
    const watched = { ...options, explodingFactor: 2, explodingSteps: 2 };
    const running = train(job(folder, manifest, { settings: settings({ train: watched }) }));
    await expect(running).rejects.toMatchObject({
      code: 'loss-exploding',
      hint: expect.stringContaining('are kept') as unknown,
    });
    expect(existsSync(join(checkpointFolder(join(folder, 'model')), 'best', 'ocrpipe.json'))).toBe(true);
  });
});
