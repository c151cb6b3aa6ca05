import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { adam as adamRule } from '../../../src/ocr/nn/adam.js';
import { Optimiser } from '../../../src/ocr/nn/optimiser.js';
import { batchNormTraining } from '../../../src/ocr/nn/batch-norm.js';
import { conv2d, maxPool2d } from '../../../src/ocr/nn/layers.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import { goldenError, readGolden, toTensor, type GoldenTensor } from './support.js';

type Tensors<Names extends string> = Record<Names, GoldenTensor>;
type GruWeightName = 'kernel' | 'bias' | 'recurrentKernel' | 'recurrentBias';

interface Golden {
  convolution: (Tensors<'x' | 'filter' | 'bias' | 'y' | 'dy' | 'dx' | 'dfilter' | 'dbias'> & {
    relu: boolean;
    padding: number;
  })[];
  pooling: (Tensors<'x' | 'y' | 'dy' | 'dx'> & { size: [number, number] })[];
  batchNorm: (Tensors<
    'x' | 'gamma' | 'beta' | 'y' | 'dy' | 'mean' | 'variance' | 'dx' | 'dgamma' | 'dbeta'
  > & { relu: boolean })[];
  gru: (Tensors<'x' | 'y' | 'dy' | 'dx' | GruWeightName | `d${GruWeightName}`> & { lengths: number[] })[];
  adam: (Tensors<'start' | 'end'> & { gradients: GoldenTensor[]; weightDecay: number })[];
}

const TOLERANCE = 1e-4;
const golden = readGolden('layers.json') as Golden;

/** Output and gradients of `layer` at `inputs`, weighted with `dy`, each compared with its golden value. */
export async function checkLayer(
  layer: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: GoldenTensor[],
  expected: { y: GoldenTensor; dy: GoldenTensor; gradients: GoldenTensor[] },
): Promise<void> {
  const { value, grads } = tf.tidy(() =>
    tf.valueAndGrads(layer)(inputs.map(toTensor), toTensor(expected.dy)),
  );
  expect(await goldenError(value, expected.y)).toBeLessThan(TOLERANCE);
  for (const [i, gradient] of grads.entries())
    expect(await goldenError(gradient, expected.gradients[i]!)).toBeLessThan(TOLERANCE);
  tf.dispose([value, grads]);
}

function convolutionTests(): void {
  it.each(golden.convolution)('convolves as PyTorch does: filter $filter.shape', (item) => {
    const options = {
      padding: item.padding === 1 ? 'same' : 'valid',
      activation: item.relu ? 'relu' : 'none',
    } as const;
    return checkLayer(
      (x, filter, bias) =>
        conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { bias: bias as tf.Tensor1D, ...options }),
      [item.x, item.filter, item.bias],
      { y: item.y, dy: item.dy, gradients: [item.dx, item.dfilter, item.dbias] },
    );
  });

  it.each(golden.convolution)(
    'adds bias and rectifier to a bare convolution alike: filter $filter.shape',
    (item) => {
      const padding = item.padding === 1 ? 'same' : 'valid';
      return checkLayer(
        (x, filter, bias) => {
          const sum = tf.add(conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { padding }), bias);
          return item.relu ? tf.relu(sum) : sum;
        },
        [item.x, item.filter, item.bias],
        { y: item.y, dy: item.dy, gradients: [item.dx, item.dfilter, item.dbias] },
      );
    },
  );
}

function poolingAndNormTests(): void {
  it.each(golden.pooling)('pools windows of $size as PyTorch does', (item) => {
    return checkLayer((x) => maxPool2d(x as tf.Tensor4D, item.size), [item.x], {
      ...item,
      gradients: [item.dx],
    });
  });

  it.each(golden.batchNorm)('normalises a batch of $x.shape as PyTorch does', async (item) => {
    const options = { activation: item.relu ? 'relu' : 'none' } as const;
    const statistics: tf.Tensor[] = [];
    await checkLayer(
      (x, gamma, beta) => {
        const weights = { gamma: gamma as tf.Tensor1D, beta: beta as tf.Tensor1D };
        const { outputs, mean, variance } = batchNormTraining(x as tf.Tensor4D, weights, options);
        statistics.push(tf.keep(mean), tf.keep(variance));
        return outputs;
      },
      [item.x, item.gamma, item.beta],
      { ...item, gradients: [item.dx, item.dgamma, item.dbeta] },
    );
    expect(await goldenError(statistics[0]!, item.mean)).toBeLessThan(TOLERANCE);
    expect(await goldenError(statistics[1]!, item.variance)).toBeLessThan(TOLERANCE);
    tf.dispose(statistics);
  });
}

/** Registers the tests of every layer against PyTorch's values on the backend that is current when they run. */
export function goldenLayerTests(): void {
  convolutionTests();
  poolingAndNormTests();

  it.each(golden.gru)('scans a bidirectional GRU of lengths $lengths as PyTorch does', (item) => {
    return checkLayer(
      (x, kernel, bias, recurrentKernel, recurrentBias) => {
        const weights = { kernel, bias, recurrentKernel, recurrentBias };
        return bidirectionalGru(x as tf.Tensor3D, weights as never, item.lengths);
      },
      [item.x, item.kernel, item.bias, item.recurrentKernel, item.recurrentBias],
      { ...item, gradients: [item.dx, item.dkernel, item.dbias, item.drecurrentKernel, item.drecurrentBias] },
    );
  });

  it.each(golden.adam)('steps Adam with weight decay $weightDecay as PyTorch does', async (item) => {
    const weight = tf.variable(toTensor(item.start));
    const adam = new Optimiser(adamRule({ weightDecay: { amount: item.weightDecay, mode: 'decoupled' } }));
    for (const gradient of item.gradients) await adam.apply({ weight }, { weight: toTensor(gradient) }, 0.01);
    expect(await goldenError(weight, item.end)).toBeLessThan(TOLERANCE);
    adam.dispose();
    weight.dispose();
  });
}
