import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { newRecogniser, type Recogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { backendsUnderTest } from '../nn/support.js';
import { alphabet, learn, read, WIDTHS_PX } from './noise-batch.js';
import { TINY_MODELS, tinyModel } from './tiny-models.js';

/** Wide enough for every way in which our kernels compute. */
async function learntModel(name: string): Promise<Recogniser> {
  const filters = (TINY_MODELS[name]!['filters'] as number[]).map((count) => 4 * count);
  const model = newRecogniser(tinyModel(name, { filters }), alphabet, 2);
  await learn(model, 5, 0.01);
  return model;
}

for (const { name: backend, skip } of backendsUnderTest().filter((each) => each.name !== 'cpu')) {
  describe.skipIf(skip)(
    `weights that are fixed on ${backend}${skip === undefined ? '' : ` (${skip})`}`,
    () => {
      beforeAll(() => openBackend(backend));

      it.each(Object.keys(TINY_MODELS))(
        'read the same bits, and leave no tensor behind: %s',
        async (name) => {
          const model = await learntModel(name);
          const others = tf.memory().numTensors - model.network.variables.all().length;
          const together = await read(model, WIDTHS_PX);
          const alone = await read(model, WIDTHS_PX.slice(0, 1));
          model.network.variables.fix();
          expect(await read(model, WIDTHS_PX)).toEqual(together);
          const fixed = tf.memory().numTensors;
          expect(await read(model, WIDTHS_PX.slice(0, 1))).toEqual(alone);
          expect(tf.memory().numTensors).toBe(fixed);
          model.network.dispose();
          expect(tf.memory().numTensors).toBe(others);
        },
      );
    },
  );
}

describe('weights that are written', () => {
  beforeAll(() => openBackend('wasm'));

  it('are read as they are then, fixed before or not', async () => {
    const [first, second] = [await learntModel('crnn with GRU'), await learntModel('crnn with GRU')];
    await learn(second, 20, 0.01);
    const expected = await read(second, WIDTHS_PX);
    first.network.variables.fix();
    expect(await read(first, WIDTHS_PX)).not.toEqual(expected);
    first.network.variables.write(await second.network.variables.read());
    expect(await read(first, WIDTHS_PX)).toEqual(expected);
    for (const { network } of [first, second]) network.dispose();
  });
});
