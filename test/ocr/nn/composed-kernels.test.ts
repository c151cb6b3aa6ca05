import { beforeAll, describe } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { PLAIN_OPS, registerComposedKernels } from '../../../src/ocr/nn/kernels/composed-kernels.js';
import { layerCases } from './kernel-cases.js';

describe('kernels composed of the ops of tfjs against those on wasm', () => {
  beforeAll(async () => {
    await openBackend('wasm');
    await openBackend('cpu');
    registerComposedKernels('cpu', PLAIN_OPS);
  });

  layerCases('cpu', 'wasm');
});
