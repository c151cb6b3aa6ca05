import type { NamedTensorInfoMap } from '@tensorflow/tfjs-core';
import { GRU, GRU_GRADIENT, GRU_READING, LSTM, LSTM_GRADIENT } from './kernel-names.js';
import type { KernelPlan } from './kernel-plan.js';

/** Sizes of a scan, whose first input is [batch, time, …]. */
function scanSizes(
  inputs: NamedTensorInfoMap,
  first: string,
): Record<'batch' | 'time' | 'directions' | 'units', number> {
  const [batch, time] = inputs[first]!.shape as [number, number];
  const [directions, units] = inputs['recurrentKernel']!.shape as [number, number];
  return { batch, time, directions, units };
}

/** The directions of a recurrent layer know nothing of each other. */
function eachDirection(directions: number, sizes: readonly number[]): number[][] {
  return Array.from({ length: directions }, (_, direction) => [...sizes, direction]);
}

const gru: KernelPlan = {
  name: GRU,
  inputs: ['gates', 'recurrentKernel', 'recurrentBias', 'lengths', 'panels'],
  plan: (kernels, inputs) => {
    const { batch, time, units } = scanSizes(inputs, 'gates');
    return {
      outputs: [
        [batch, time, 2 * units],
        [2, batch, time, 4 * units],
      ],
      kernel: 'gruForward',
      parts: eachDirection(2, [batch, time, units]),
      scratchBytes: kernels.gruForwardBytes(batch, units),
    };
  },
};

/** The same for reading: nothing is kept for a gradient. */
const gruReading: KernelPlan = {
  name: GRU_READING,
  inputs: gru.inputs,
  plan: (kernels, inputs) => {
    const { batch, time, units } = scanSizes(inputs, 'gates');
    return {
      outputs: [[batch, time, 2 * units]],
      kernel: 'gruForward',
      parts: eachDirection(2, [0, batch, time, units]),
      scratchBytes: kernels.gruForwardBytes(batch, units),
    };
  },
};

const gruGradient: KernelPlan = {
  name: GRU_GRADIENT,
  inputs: ['dy', 'recurrentKernel', 'lengths', 'outputs', 'saved'],
  plan: (kernels, inputs) => {
    const { batch, time, units } = scanSizes(inputs, 'dy');
    return {
      outputs: [
        [batch, time, 2, 3 * units],
        [2, units, 3 * units],
        [2, 3 * units],
      ],
      kernel: 'gruGradient',
      parts: eachDirection(2, [batch, time, units]),
      scratchBytes: kernels.gruGradientBytes(batch, time, units),
    };
  },
};

const lstm: KernelPlan = {
  name: LSTM,
  inputs: ['gates', 'recurrentKernel', 'lengths', 'panels'],
  plan: (kernels, inputs) => {
    const { batch, time, directions, units } = scanSizes(inputs, 'gates');
    return {
      outputs: [
        [batch, time, directions * units],
        [directions, batch, time, 5 * units],
      ],
      kernel: 'lstmForward',
      parts: eachDirection(directions, [batch, time, units, directions]),
      scratchBytes: kernels.lstmForwardBytes(batch, units),
    };
  },
};

const lstmGradient: KernelPlan = {
  name: LSTM_GRADIENT,
  inputs: ['dy', 'recurrentKernel', 'lengths', 'outputs', 'saved'],
  plan: (kernels, inputs) => {
    const { batch, time, directions, units } = scanSizes(inputs, 'dy');
    return {
      outputs: [
        [batch, time, directions, 4 * units],
        [directions, units, 4 * units],
      ],
      kernel: 'lstmGradient',
      parts: eachDirection(directions, [batch, time, units, directions]),
      scratchBytes: kernels.lstmGradientBytes(batch, time, units),
    };
  },
};

/** The scans of recurrent layers and their gradients; shapes as in `assembly/gru.ts` and `assembly/lstm.ts`, `lengths` int32 and optional, and so are `panels`. */
export const SCAN_KERNELS: readonly KernelPlan[] = [gru, gruReading, gruGradient, lstm, lstmGradient];
