import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { KERNEL_BUILD_VARIABLE } from '../../../src/ocr/nn/kernels/kernel-module.js';
import { goldenLayerTests } from './golden-layers.js';
import { goldenSequenceLayerTests } from './golden-sequence-layers.js';

describe('layers on wasm without relaxed SIMD', () => {
  let details = '';
  beforeAll(async () => {
    process.env[KERNEL_BUILD_VARIABLE] = 'plain-simd';
    details = (await openBackend('wasm')).details;
  });

  it('uses the plain build', () => {
    expect(details).toContain('plain-simd');
  });
  goldenLayerTests();
  goldenSequenceLayerTests();
});
