import { beforeAll, describe } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { layerCases } from './kernel-cases.js';

describe('our kernels on native TensorFlow against those on wasm', () => {
  beforeAll(async () => {
    await openBackend('wasm');
    await openBackend('tensorflow');
  });

  layerCases('tensorflow', 'wasm');
});
