import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  ADDITIVE_SCORES,
  ADDITIVE_SCORES_GRADIENT,
  LAYER_NORM,
  LAYER_NORM_GRADIENT,
} from './kernel-names.js';
import type { KernelPlan } from './kernel-plan.js';

function rowsAndChannels({ shape }: TensorInfo): [number, number] {
  const channels = shape.at(-1)!;
  return [tf.util.sizeFromShape(shape) / channels, channels];
}

const layerNorm: KernelPlan = {
  name: LAYER_NORM,
  inputs: ['x', 'gamma', 'beta'],
  plan: (kernels, inputs, attributes) => {
    const x = inputs['x']!;
    const [rows, channels] = rowsAndChannels(x);
    return {
      outputs: [x.shape, [rows, 2]],
      scratchBytes: 0,
      run: (offsets) => kernels.layerNormForward(...offsets, rows, channels, attributes['epsilon'] as number),
    };
  },
};

const layerNormGradient: KernelPlan = {
  name: LAYER_NORM_GRADIENT,
  inputs: ['x', 'gamma', 'statistics', 'dy'],
  plan: (kernels, inputs) => {
    const x = inputs['x']!;
    const [rows, channels] = rowsAndChannels(x);
    return {
      outputs: [x.shape, [channels], [channels]],
      scratchBytes: 8 * channels,
      run: (offsets, scratch) => kernels.layerNormGradient(...offsets, scratch, rows, channels),
    };
  },
};

const additiveScores: KernelPlan = {
  name: ADDITIVE_SCORES,
  inputs: ['keys', 'query', 'v'],
  plan: (kernels, inputs) => {
    const [batch, time, units] = inputs['keys']!.shape as [number, number, number];
    return {
      outputs: [[batch, time]],
      scratchBytes: 0,
      run: (offsets) => kernels.additiveScores(...offsets, batch, time, units),
    };
  },
};

const additiveScoresGradient: KernelPlan = {
  name: ADDITIVE_SCORES_GRADIENT,
  inputs: ['dy', 'keys', 'query', 'v'],
  plan: (kernels, inputs) => {
    const [batch, time, units] = inputs['keys']!.shape as [number, number, number];
    return {
      outputs: [[batch, time, units], [batch, units], [units]],
      scratchBytes: 4 * units,
      run: (offsets, scratch) => kernels.additiveScoresGradient(...offsets, scratch, batch, time, units),
    };
  },
};

/** Layer normalisation and the scores of additive attention, with their gradients; shapes as in `assembly/`. */
export const SEQUENCE_KERNELS: readonly KernelPlan[] = [
  layerNorm,
  layerNormGradient,
  additiveScores,
  additiveScoresGradient,
];
