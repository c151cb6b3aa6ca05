import * as tf from '@tensorflow/tfjs-core';
import { ADAM } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';
import {
  fullGradient,
  keptShare,
  NO_DECAY,
  type Slots,
  type StepOfAll,
  type UpdateRule,
  type WeightDecay,
} from './optimiser.js';

export interface AdamOptions {
  beta1?: number | undefined;
  beta2?: number | undefined;
  epsilon?: number | undefined;
  /** None unless given. */
  weightDecay?: WeightDecay | undefined;
  /** Divides by the largest second moment so far (Reddi, Kale and Kumar 2018, "On the Convergence of Adam and Beyond"). */
  amsgrad?: boolean | undefined;
}

/** One step: weight = weight·keep − stepSize·m / (√v·rootScale + epsilon), with gradient·gradientScale. */
interface StepSettings extends Record<string, number> {
  beta1: number;
  beta2: number;
  stepSize: number;
  rootScale: number;
  epsilon: number;
  keep: number;
  gradientScale: number;
}

/** Adam (Kingma and Ba 2015) with bias correction as in PyTorch: lr · m̂ / (√v̂ + ε). */
export function adam(options: AdamOptions = {}): UpdateRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = NO_DECAY, amsgrad = false } = options;
  const settingsOf = ({ step, learningRate, gradientScale }: StepOfAll): StepSettings => ({
    beta1,
    beta2,
    stepSize: learningRate / (1 - beta1 ** step),
    rootScale: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
    keep: keptShare(weightDecay, learningRate),
    gradientScale,
  });
  const addsToGradient = weightDecay.mode === 'l2' && weightDecay.amount > 0;
  return {
    slots: amsgrad ? ['first', 'second', 'largest'] : ['first', 'second'],
    update(weight, gradient, slots, at) {
      const move = hasKernel(ADAM) && !amsgrad ? updateInPlace : updateWithOps;
      if (!addsToGradient) {
        move(weight, gradient, slots, settingsOf(at));
        return;
      }
      tf.tidy(() => {
        const full = fullGradient(gradient, weight, {
          decay: weightDecay,
          gradientScale: at.gradientScale,
        });
        move(weight, full, slots, settingsOf({ ...at, gradientScale: 1 }));
      });
    },
  };
}

/** Clones share a variable's values: whoever holds one must not see the update. */
function ownValues(weight: tf.Variable): void {
  tf.tidy(() => {
    weight.assign(tf.add(weight, 0));
  });
}

/** One pass over the memory of the variable and its moments. */
function updateInPlace(weight: tf.Variable, gradient: tf.Tensor, slots: Slots, settings: StepSettings): void {
  if (tf.backend().refCount(weight.dataId) > 1) ownValues(weight);
  const { first, second } = slots;
  runKernel(ADAM, { weight, gradient, first, second }, settings);
}

function updateWithOps(weight: tf.Variable, gradient: tf.Tensor, slots: Slots, settings: StepSettings): void {
  const { beta1, beta2, stepSize, rootScale, epsilon, keep, gradientScale } = settings;
  const first = slots['first']!;
  const second = slots['second']!;
  const largest = slots['largest'];
  tf.tidy(() => {
    const scaled = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
    first.assign(tf.add(tf.mul(first, beta1), tf.mul(scaled, 1 - beta1)));
    second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(scaled), 1 - beta2)));
    largest?.assign(tf.maximum(largest, second));
    const root = tf.add(tf.mul(tf.sqrt(largest ?? second), rootScale), epsilon);
    const change = tf.div(tf.mul(first, stepSize), root);
    weight.assign(tf.sub(tf.mul(weight, keep), change));
  });
}
