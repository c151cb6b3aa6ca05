import { beforeAll, describe, expect, it } from 'vitest';
import { newNetwork, weightCount } from '../../../src/ocr/models/new-network.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { backendsUnderTest, relativeError } from '../nn/support.js';
import { alphabet, learn, read, WIDTHS_PX } from './noise-batch.js';
import { TINY_MODELS, tinyModel } from './tiny-models.js';

for (const { name: backend, skip } of backendsUnderTest().filter(({ name }) => name !== 'wasm')) {
  describe.skipIf(skip)(`networks on ${backend}${skip === undefined ? '' : ` (${skip})`}`, () => {
    it.each(Object.keys(TINY_MODELS))(
      'read, and learn in steps, as on wasm: %s',
      async (name) => {
        const losses: number[][] = [];
        const confidences: number[][] = [];
        for (const each of ['wasm', backend] as const) {
          await openBackend(each);
          const model = newRecogniser(tinyModel(name, { dropout: 0 }), alphabet, 1);
          confidences.push((await read(model, WIDTHS_PX)).map(({ confidence }) => confidence));
          losses.push(await learn(model, 3, 0.001));
          model.network.dispose();
        }
        expect(relativeError(losses[1]!, losses[0]!)).toBeLessThan(1e-4);
        expect(relativeError(confidences[1]!, confidences[0]!)).toBeLessThan(1e-4);
        // A GPU that is software takes its time.
      },
      300_000,
    );
  });
}

describe('networks', () => {
  beforeAll(() => openBackend('wasm'));

  it.each(Object.keys(TINY_MODELS))('reads an image the same beside wider ones: %s', async (name) => {
    const model = newRecogniser(tinyModel(name), alphabet, 2);
    // Moving averages that are not those of a new model.
    await learn(model, 5, 0.01);
    const together = await read(model, WIDTHS_PX);
    for (const [item, widthPx] of WIDTHS_PX.entries()) {
      const [alone] = await read(model, [widthPx]);
      expect(alone!.labels).toEqual(together[item]!.labels);
      expect(alone!.confidence).toBeCloseTo(together[item]!.confidence, 5);
    }
    model.network.dispose();
  });

  it.each(Object.keys(TINY_MODELS))('has the weights that are counted without making them: %s', (name) => {
    const config = tinyModel(name);
    const network = newNetwork(config, 4, 1);
    const made = network.variables.all().reduce((sum, [, { size }]) => sum + size, 0);
    expect(weightCount(config, 4)).toBe(made);
    network.dispose();
  });

  it.each(Object.keys(TINY_MODELS))('repeats bit for bit: %s', async (name) => {
    const losses: number[][] = [];
    for (let run = 0; run < 2; run += 1) {
      const model = newRecogniser(tinyModel(name), alphabet, 3);
      losses.push(await learn(model, 5, 0.01));
      model.network.dispose();
    }
    expect(losses[0]).toEqual(losses[1]);
  });
});
