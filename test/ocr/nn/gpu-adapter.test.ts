import { describe, expect, it } from 'vitest';
import { chooseAdapter } from '../../../src/ocr/nn/webgpu/gpu-adapter.js';
import type { GpuAdapter, GpuAdapterInfo } from '../../../src/ocr/nn/webgpu/webgpu-types.js';

/** As Dawn describes them. */
const swiftShader = {
  vendor: 'google',
  architecture: 'swiftshader',
  device: 'swiftshader-device-subzero-',
  description: 'SwiftShader driver 5.0.0',
};
const hardware = { vendor: 'nvidia', architecture: 'hopper', device: 'NVIDIA H200', description: '' };

function adapterOf(info: GpuAdapterInfo): GpuAdapter {
  return { info, features: new Set(), limits: {}, requestDevice: () => Promise.reject(new Error('unused')) };
}

async function choose(info: GpuAdapterInfo | null, softwareToo = false): Promise<string | undefined> {
  const adapter = info === null ? null : adapterOf(info);
  const choice = await chooseAdapter({ requestAdapter: () => Promise.resolve(adapter) }, softwareToo);
  return 'reason' in choice ? choice.reason : undefined;
}

describe('an adapter', () => {
  it('that is hardware is taken', async () => {
    expect(await choose(hardware)).toBeUndefined();
  });

  it.each([
    swiftShader,
    { ...hardware, description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { ...hardware, device: 'Microsoft Basic Render Driver' },
    { ...hardware, isFallbackAdapter: true },
  ])('that is software is refused unless forced: $device, $description', async (info) => {
    expect(await choose(info)).toContain('OCRPIPE_WEBGPU_SOFTWARE=1');
    expect(await choose(info, true)).toBeUndefined();
  });

  it('that is not there is a reason', async () => {
    expect(await choose(null, true)).toContain('no GPU is in reach');
  });
});
