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
  plan: (_kernels, inputs, attributes) => {
    const x = inputs['x']!;
    const [rows, channels] = rowsAndChannels(x);
    return {
      outputs: [x.shape, [rows, 2]],
      kernel: 'layerNormForward',
      parts: [[rows, channels, attributes['epsilon'] as number]],
      scratchBytes: 0,
    };
  },
};

const layerNormGradient: KernelPlan = {
  name: LAYER_NORM_GRADIENT,
  inputs: ['x', 'gamma', 'statistics', 'dy'],
  plan: (_kernels, inputs) => {
    const x = inputs['x']!;
    const [rows, channels] = rowsAndChannels(x);
    return {
      outputs: [x.shape, [channels], [channels]],
      kernel: 'layerNormGradient',
      parts: [[rows, channels]],
      scratchBytes: 8 * channels,
    };
  },
};

const additiveScores: KernelPlan = {
  name: ADDITIVE_SCORES,
  inputs: ['keys', 'query', 'v'],
  plan: (_kernels, inputs) => {
    const [batch, time, units] = inputs['keys']!.shape as [number, number, number];
    return {
      outputs: [[batch, time]],
      kernel: 'additiveScores',
      parts: [[batch, time, units]],
      scratchBytes: 0,
    };
  },
};

const additiveScoresGradient: KernelPlan = {
  name: ADDITIVE_SCORES_GRADIENT,
  inputs: ['dy', 'keys', 'query', 'v'],
  plan: (_kernels, inputs) => {
    const [batch, time, units] = inputs['keys']!.shape as [number, number, number];
    return {
      outputs: [[batch, time, units], [batch, units], [units]],
      kernel: 'additiveScoresGradient',
      parts: [[batch, time, units]],
      scratchBytes: 4 * units,
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
