import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { GRU, GRU_GRADIENT, GRU_READING, LSTM, LSTM_GRADIENT } from '../kernels/kernel-names.js';
import type { GpuKernel, GpuOps, OwnProgram } from './gpu-ops.js';
import {
  gruBackwardCode,
  gruForwardCode,
  lstmBackwardCode,
  lstmForwardCode,
  SCAN_THREADS,
} from './scan-code.js';

/** Everything but the code of one scan over sequences. */
interface Scan {
  batch: number;
  time: number;
  directions: number;
  units: number;
  lengths: TensorInfo;
}

function scanOf(ops: GpuOps, inputs: NamedTensorInfoMap, first: string): Scan {
  const [batch, time] = inputs[first]!.shape as [number, number];
  const [directions, units] = inputs['recurrentKernel']!.shape as [number, number];
  const whole = (): TensorInfo => ops.tensor(new Int32Array(batch).fill(time), [batch], 'int32');
  return { batch, time, directions, units, lengths: inputs['lengths'] ?? whole() };
}

function programOf(
  { batch, time, directions, units, lengths }: Scan,
  { name, inputs, outputSize, code }: Pick<OwnProgram, 'name' | 'inputs' | 'outputSize' | 'code'>,
): OwnProgram {
  return {
    name: `${name}_${units}_${directions}`,
    inputs: { ...inputs, lengths },
    outputSize,
    uniforms: { batch, time },
    groups: [batch, directions],
    threads: SCAN_THREADS,
    code,
  };
}

/** Outputs and what the gradient needs of each step: `kept` values a unit. */
function forward(kept: number, name: string, codeOf: (units: number, directions: number) => string) {
  return (ops: GpuOps, inputs: NamedTensorInfoMap): TensorInfo[] => {
    const scan = scanOf(ops, inputs, 'gates');
    const { batch, time, directions, units } = scan;
    const outputs = batch * time * directions * units;
    const present = Object.entries(inputs).filter(
      ([input, tensor]) => input !== 'lengths' && tensor !== undefined,
    );
    const given = Object.fromEntries(present) as Record<string, TensorInfo>;
    const code = codeOf(units, directions);
    const row = ops.program(programOf(scan, { name, inputs: given, outputSize: outputs * (1 + kept), code }));
    return [
      ops.part(row, 0, [batch, time, directions * units]),
      ops.part(row, outputs, [directions, batch, time, kept * units]),
    ];
  };
}

/** Gradients of the gates, of the recurrent kernel, and of the recurrent bias, which comes last. */
function backward(gates: number, name: string, codeOf: (units: number, directions: number) => string) {
  return (ops: GpuOps, inputs: NamedTensorInfoMap): [TensorInfo, TensorInfo, TensorInfo] => {
    const scan = scanOf(ops, inputs, 'dy');
    const { batch, time, directions, units } = scan;
    const recurrentKernel = inputs['recurrentKernel']!;
    const transposed = ops.run('Transpose', { x: recurrentKernel }, { perm: [0, 2, 1] });
    const given = { dy: inputs['dy']!, transposed, outputs: inputs['outputs']!, saved: inputs['saved']! };
    const steps = batch * time;
    const all = steps * directions * gates * units;
    const code = codeOf(units, directions);
    const outputSize = 2 * all + steps * directions * units;
    const row = ops.program(programOf(scan, { name, inputs: given, outputSize, code }));
    const products = ops.part(row, all, [directions, steps, gates * units]);
    const states = ops.part(row, 2 * all, [directions, steps, units]);
    return [
      ops.part(row, 0, [batch, time, directions, gates * units]),
      ops.run('BatchMatMul', { a: states, b: products }, { transposeA: true, transposeB: false }),
      ops.run('Sum', { x: products }, { axis: [1], keepDims: false }),
    ];
  };
}

const gruForward = forward(4, 'gru_forward', gruForwardCode);
const lstmBackward = backward(4, 'lstm_backward', lstmBackwardCode);

/** The scans of recurrent layers and their gradients; inputs and outputs are those of `kernels/scan-kernels.ts`. */
export const GPU_SCAN_KERNELS: readonly GpuKernel[] = [
  { name: GRU, run: gruForward },
  { name: GRU_READING, run: (ops, inputs) => gruForward(ops, inputs).slice(0, 1) },
  { name: GRU_GRADIENT, run: backward(3, 'gru_backward', gruBackwardCode) },
  { name: LSTM, run: forward(5, 'lstm_forward', lstmForwardCode) },
  { name: LSTM_GRADIENT, run: (ops, inputs) => lstmBackward(ops, inputs).slice(0, 2) },
];
