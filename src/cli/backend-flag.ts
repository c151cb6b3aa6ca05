import * as Flags from '@oclif/core/flags';

/** What runs the tensors; the names are those of `ocr/nn`, which no command loads before it runs. */
export const backendFlag = Flags.option({
  options: ['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const,
  default: 'auto' as const,
  helpValue: 'NAME',
  description:
    'what computes: tensorflow (native, where it is installed), webgpu (a GPU), wasm, cpu (slow), or auto: a GPU, else the fastest that starts',
  env: 'OCRPIPE_BACKEND',
})();
