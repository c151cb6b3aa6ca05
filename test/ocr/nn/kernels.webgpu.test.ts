import { beforeAll, describe } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { layerCases } from './kernel-cases.js';

describe('our kernels on WebGPU against those on wasm', () => {
  beforeAll(async () => {
    await openBackend('wasm');
    await openBackend('webgpu');
  });

  layerCases('webgpu', 'wasm');
});
