import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../../src/ocr/models/model-config.js';
import type { Network } from '../../../src/ocr/models/network.js';
import type { Encoding } from '../../../src/ocr/models/quantisation.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { TINY_MODELS, tinyModel } from '../models/tiny-models.js';
import { greatestDifference, keptAs, noiseBatch, randomModel, tfjsOf } from './random-model.js';

/** As a browser loads it: through JSON. */
function loaded({ model, numbers, bytes }: ReturnType<typeof tfjsOf>) {
  const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(model)) as tf.io.ModelJSON;
  const weightData = Uint8Array.from(Buffer.concat([bytes, numbers.bytes])).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const artifacts = { modelTopology, weightSpecs, weightData };
  return loadGraphModel({ load: () => Promise.resolve(artifacts) });
}

interface Exported {
  config: ModelConfig;
  network: Network;
  model: Awaited<ReturnType<typeof loaded>>;
}

async function exported(name: string, encoding: Encoding): Promise<Exported> {
  const config = tinyModel(name);
  const { network, weights } = await randomModel(config);
  const model = await loaded(tfjsOf(config, weights, encoding));
  // What the same weights mean to predict, so kept.
  network.variables.write(keptAs(weights, encoding));
  return { config, network, model };
}

/** The greatest difference for a batch of some equally wide images. */
async function difference(
  { config, network, model }: Exported,
  widthPx: number,
  count: number,
): Promise<number> {
  const batch = noiseBatch(config, new Array<number>(count).fill(widthPx));
  const images = tf.tensor4d(batch.values, batch.shape);
  const logits = (await model.executeAsync({ images })) as tf.Tensor;
  const result = { logits: await logits.data<'float32'>(), shape: logits.shape };
  tf.dispose([images, logits]);
  return greatestDifference(network, batch, result);
}

function close({ network, model }: Exported): void {
  model.dispose();
  network.dispose();
}

describe.each(Object.keys(TINY_MODELS))('an exported TensorFlow.js model: %s', (name) => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  it('gives the logits of the network, for any batch and width, and keeps no tensors', async () => {
    const both = await exported(name, 'float32');
    expect(await difference(both, 36, 1)).toBeLessThan(1e-4);
    const tensors = tf.memory().numTensors;
    expect(await difference(both, 3, 1)).toBeLessThan(1e-4);
    expect(await difference(both, 23, 3)).toBeLessThan(1e-4);
    expect(tf.memory().numTensors).toBe(tensors);
    close(both);
  });

  it('with weights of 16 or 8 bits gives what the network gives with those', async () => {
    for (const [encoding, most] of [
      ['float16', 0.02],
      ['int8', 1e-3],
    ] as const) {
      const both = await exported(name, encoding);
      expect(await difference(both, 36, 2)).toBeLessThan(most);
      close(both);
    }
  });
});
