import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { PLAIN_OPS, registerComposedKernels } from '../kernels/composed-kernels.js';
import { GPU_CTC_KERNEL } from './ctc-kernel.js';
import { GpuOps } from './gpu-ops.js';
import { GPU_SCAN_KERNELS } from './scan-kernels.js';

/** Tensors that one program of tfjs adds up: together with the result, no more buffers than any GPU takes. */
const MOST_ADDED = 7;

/** tfjs's AddN gives all tensors to one program, which a GPU refuses beyond some ten. */
function limitAddN(): void {
  const one = tf.getKernel('AddN', 'webgpu');
  const kernelFunc: tf.KernelFunc = ({ inputs, backend }) => {
    const ops = new GpuOps(backend);
    let rest = inputs as unknown as TensorInfo[];
    while (rest.length > MOST_ADDED) {
      const added = ops.with(one, rest.slice(0, MOST_ADDED) as unknown as NamedTensorInfoMap);
      rest = [added, ...rest.slice(MOST_ADDED)];
    }
    const [sum] = ops.keep([ops.with(one, rest as unknown as NamedTensorInfoMap)]);
    return sum!;
  };
  tf.unregisterKernel('AddN', 'webgpu');
  tf.registerKernel({ ...one, kernelFunc });
}

/** Adds our kernels to the backend `webgpu`; once in a process. */
export function registerGpuKernels(): void {
  limitAddN();
  registerComposedKernels('webgpu', PLAIN_OPS);
  for (const { name, run } of [...GPU_SCAN_KERNELS, GPU_CTC_KERNEL]) {
    tf.registerKernel({
      kernelName: name,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const ops = new GpuOps(backend);
        return ops.keep(run(ops, inputs, attrs ?? {}));
      },
    });
  }
}
