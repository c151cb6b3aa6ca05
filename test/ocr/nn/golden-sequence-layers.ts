import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  additiveScores,
  attend,
  hiddenPlaces,
  multiplicativeScores,
  selfAttention,
} from '../../../src/ocr/nn/attention.js';
import { layerNorm } from '../../../src/ocr/nn/layer-norm.js';
import { averageColumns, depthwiseConv2d } from '../../../src/ocr/nn/layers.js';
import { lstm } from '../../../src/ocr/nn/lstm.js';
import { sequenceLoss } from '../../../src/ocr/nn/sequence-loss.js';
import { checkLayer } from './golden-layers.js';
import { goldenError, readGolden, toTensor, type GoldenTensor } from './support.js';

type Layer<Names extends string> = Record<Names | `d${Names}` | 'y' | 'dy', GoldenTensor>;
type SelfAttentionWeight = 'kernel' | 'bias' | 'outputKernel' | 'outputBias';

interface Golden {
  lstm: (Layer<'x' | 'kernel' | 'bias' | 'recurrentKernel'> & { lengths: number[] })[];
  layerNorm: Layer<'x' | 'gamma' | 'beta'>[];
  depthwise: Layer<'x' | 'filter'>[];
  averagePool: Layer<'x'>[];
  bahdanau: (Layer<'keys' | 'query' | 'v' | 'values'> & { lengths: number[] })[];
  luong: (Layer<'keys' | 'query' | 'values'> & { lengths: number[] })[];
  selfAttention: (Layer<'x' | SelfAttentionWeight> & { lengths: number[]; heads: number })[];
  crossEntropy: (Record<'logits' | 'dlogits' | 'y', GoldenTensor> & {
    labels: number[][];
    smoothing: number;
  })[];
}

const golden = readGolden('sequence-layers.json') as Golden;

/** Compares a layer of the named inputs, and its gradients, with their golden values. */
function check<Names extends string>(
  item: Layer<Names>,
  names: readonly Names[],
  layer: (inputs: Record<Names, tf.Tensor>) => tf.Tensor,
): Promise<void> {
  const values: Record<string, GoldenTensor> = item;
  return checkLayer(
    (...inputs) =>
      layer(Object.fromEntries(names.map((name, i) => [name, inputs[i]!])) as Record<Names, tf.Tensor>),
    names.map((name) => item[name]),
    { y: values['y']!, dy: values['dy']!, gradients: names.map((name) => values[`d${name}`]!) },
  );
}

function attentionTests(): void {
  it.each(golden.bahdanau)('attends additively as PyTorch does: keys $keys.shape', (item) => {
    return check(item, ['keys', 'query', 'v', 'values'], ({ keys, query, v, values }) => {
      const scores = additiveScores(keys as tf.Tensor3D, query as tf.Tensor2D, v as tf.Tensor1D);
      return attend(scores, values as tf.Tensor3D, hiddenPlaces(item.lengths, keys.shape[1]!));
    });
  });

  it.each(golden.luong)('attends multiplicatively as PyTorch does: keys $keys.shape', (item) => {
    return check(item, ['keys', 'query', 'values'], ({ keys, query, values }) => {
      const scores = multiplicativeScores(keys as tf.Tensor3D, query as tf.Tensor2D);
      return attend(scores, values as tf.Tensor3D, hiddenPlaces(item.lengths, keys.shape[1]!));
    });
  });

  it.each(golden.selfAttention)('attends to itself in $heads heads as PyTorch does', (item) => {
    return check(item, ['x', 'kernel', 'bias', 'outputKernel', 'outputBias'], ({ x, ...weights }) => {
      const hidden = hiddenPlaces(item.lengths, x.shape[1]!);
      return selfAttention(x as tf.Tensor3D, weights as never, { heads: item.heads, hidden });
    });
  });
}

/** Registers the tests of the layers of sequences on the backend that is current when they run. */
export function goldenSequenceLayerTests(): void {
  it.each(golden.lstm)('scans an LSTM $recurrentKernel.shape of lengths $lengths as PyTorch does', (item) => {
    return check(item, ['x', 'kernel', 'bias', 'recurrentKernel'], ({ x, ...weights }) =>
      lstm(x as tf.Tensor3D, weights as never, item.lengths),
    );
  });

  it.each(golden.layerNorm)('normalises rows of $x.shape as PyTorch does', (item) => {
    return check(item, ['x', 'gamma', 'beta'], ({ x, gamma, beta }) =>
      layerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D),
    );
  });

  it.each(golden.depthwise)('convolves each channel as PyTorch does: filter $filter.shape', (item) => {
    return check(item, ['x', 'filter'], ({ x, filter }) =>
      depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D),
    );
  });

  it.each(golden.averagePool)('averages columns of $x.shape as PyTorch does', (item) => {
    return check(item, ['x'], ({ x }) => averageColumns(x as tf.Tensor4D));
  });

  attentionTests();

  it.each(golden.crossEntropy)(
    'measures cross entropy with smoothing $smoothing as PyTorch does',
    async (item) => {
      const loss = (logits: tf.Tensor): tf.Scalar => sequenceLoss(logits as tf.Tensor3D, item);
      const { value, grad } = tf.tidy(() => tf.valueAndGrad(loss)(toTensor(item.logits)));
      expect(await goldenError(value, item.y)).toBeLessThan(1e-4);
      expect(await goldenError(grad, item.dlogits)).toBeLessThan(1e-4);
      tf.dispose([value, grad]);
    },
  );
}
