import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRADIENT, CONV2D_BIAS_RELU, RELU_BIAS_GRADIENT } from './kernel-names.js';
import { runKernel } from './own-kernel.js';

type Pad = 'same' | 'valid';

function convolutionGradient(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  { pad, relu, bias }: { pad: Pad; relu: boolean; bias: boolean },
): Record<string, () => tf.Tensor> {
  const [x, filter, y] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const parts = runKernel(RELU_BIAS_GRADIENT, { dy, y: relu ? y : undefined }, { bias });
  const dz = (relu ? parts.shift()! : dy) as tf.Tensor4D;
  const attributes = { strides: 1, pad, dataFormat: 'NHWC' };
  const engine = tf.engine();
  return {
    x: () =>
      engine.runKernel('Conv2DBackpropInput', { dy: dz, filter }, { ...attributes, inputShape: x.shape }),
    filter: () =>
      engine.runKernel('Conv2DBackpropFilter', { x, dy: dz }, { ...attributes, filterShape: filter.shape }),
    ...(bias ? { bias: () => parts[0]! } : {}),
  };
}

function batchNormGradient(
  dys: tf.Tensor[],
  saved: tf.Tensor[],
  { epsilon, relu, masked }: { epsilon: number; relu: boolean; masked: boolean },
): Record<string, () => tf.Tensor> {
  type Saved = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const [x, gamma, columns, y, mean, variance] = saved as Saved;
  const inputs = { x, y: relu ? y : undefined, dy: dys[0]!, gamma, mean, variance, columns };
  const [dx, dgamma, dbeta] = runKernel(BATCH_NORM_GRADIENT, inputs, { epsilon, masked });
  return { x: () => dx!, gamma: () => dgamma!, beta: () => dbeta! };
}

/** Tells tfjs how to differentiate our fused kernels. tfjs keeps this for the life of the process; again changes nothing. */
export function registerKernelGradients(): void {
  if ((tf.getGradient(CONV2D_BIAS_RELU) as tf.GradConfig | undefined) !== undefined) return;
  tf.registerGradient({
    kernelName: CONV2D_BIAS_RELU,
    inputsToSave: ['x', 'filter'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) =>
      convolutionGradient(dy as tf.Tensor, saved, attrs as { pad: Pad; relu: boolean; bias: boolean }),
  });
  tf.registerGradient({
    kernelName: BATCH_NORM,
    inputsToSave: ['x', 'gamma', 'columns'],
    outputsToSave: [true, true, true],
    gradFunc: (dys, saved, attrs) =>
      batchNormGradient(
        dys as tf.Tensor[],
        saved,
        attrs as { epsilon: number; relu: boolean; masked: boolean },
      ),
  });
}
