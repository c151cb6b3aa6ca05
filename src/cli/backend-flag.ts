import { Flags } from '@oclif/core';

/** What runs the tensors; the names are those of `ocr/nn`, which no command loads before it runs. */
export const backendFlag = Flags.option({
  options: ['auto', 'tensorflow', 'wasm', 'cpu'] as const,
  default: 'auto' as const,
  description: 'what computes: native TensorFlow where it is installed, else WebAssembly',
  env: 'OCRPIPE_BACKEND',
})();
