import { BATCH_NORM_EPSILON } from '../models/batch-norm.js';
import type { FindWeight, Weight } from './layer-graph.js';

/** A convolution and the linear map of its normalisation's moving averages, as one: see `NormalisedConvolution.read`. */
export function foldedConvolution(
  find: FindWeight,
  names: { filter: string; norm: string },
): { filter: Weight; bias: Weight } {
  const filter = find(names.filter);
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(
    (name) => find(`${names.norm}/${name}`).values,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + BATCH_NORM_EPSILON));
  const bias = beta.map((value, channel) => value - mean[channel]! * scale[channel]!);
  const values = filter.values.map((value, index) => value * scale[index % scale.length]!);
  return { filter: { shape: filter.shape, values }, bias: { shape: [bias.length], values: bias } };
}
