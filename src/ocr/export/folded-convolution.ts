import { BATCH_NORM_EPSILON } from '../models/batch-norm.js';
import type { NormWeights, Weight } from './layer-graph.js';

/** A convolution and the linear map of its normalisation's moving averages, as one: see `NormalisedConvolution.read`. */
export function foldedConvolution(
  filter: Weight,
  { gamma, beta, mean, variance }: NormWeights,
): { filter: Weight; bias: Weight } {
  const scale = gamma.values.map(
    (value, channel) => value / Math.sqrt(variance.values[channel]! + BATCH_NORM_EPSILON),
  );
  const bias = beta.values.map((value, channel) => value - mean.values[channel]! * scale[channel]!);
  const values = filter.values.map((value, index) => value * scale[index % scale.length]!);
  return { filter: { shape: filter.shape, values }, bias: { shape: [bias.length], values: bias } };
}
