import type * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { ComposingOps } from './kernels/composed-kernels.js';

interface OpAttribute {
  name: string;
  type: number;
  value: number | string;
}

/** What the backend of tfjs-node has besides the usual: any op of TensorFlow, by its name there. */
export interface NativeBackend {
  binding: Record<'TF_ATTR_TYPE' | 'TF_ATTR_STRING' | 'TF_FLOAT', number>;
  executeSingleOutput(op: string, attributes: OpAttribute[], inputs: TensorInfo[]): tf.Tensor;
}

/** Ops of TensorFlow that tfjs does not call: tfjs's own gradient of a rectifier takes six arrays and as many passes. */
export function nativeOps(backend: NativeBackend): ComposingOps {
  const { TF_ATTR_TYPE, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
  const floats = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
  const channelsLast = { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' };
  const run = (op: string, inputs: TensorInfo[], ...attributes: OpAttribute[]): tf.Tensor4D =>
    backend.executeSingleOutput(op, [floats, ...attributes], inputs) as tf.Tensor4D;
  return {
    addBias: (values, bias) => run('BiasAdd', [values, bias], channelsLast),
    reluGradient: (dy, y) => run('ReluGrad', [dy, y]),
  };
}
