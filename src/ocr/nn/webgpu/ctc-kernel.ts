import { CTC } from '../kernels/kernel-names.js';
import { CTC_CODE, CTC_THREADS } from './ctc-code.js';
import type { GpuKernel } from './gpu-ops.js';

/** Losses [batch] and their gradients [batch, time, classes], see `CTC_CODE`; `blank` is a class. */
export const GPU_CTC_KERNEL: GpuKernel = {
  name: CTC,
  run: (ops, { logits, labels, extents }, { blank }) => {
    const [batch, time, classes] = logits!.shape as [number, number, number];
    const longest = labels!.shape[1]!;
    const states = 2 * longest + 1;
    const row = ops.program({
      name: 'ctc',
      inputs: { logits: logits!, labels: labels!, extents: extents! },
      outputSize: batch * (1 + time * (classes + states + 1) + 2 * states),
      uniforms: { batch, time, classes, longest, blank: blank as number },
      groups: [batch, 1],
      threads: CTC_THREADS,
      code: CTC_CODE,
    });
    return [ops.part(row, 0, [batch]), ops.part(row, batch, [batch, time, classes])];
  },
};
