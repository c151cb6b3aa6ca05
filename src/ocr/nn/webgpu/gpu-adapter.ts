import type { Gpu, GpuAdapter, GpuAdapterInfo, GpuDevice } from './webgpu-types.js';

/** Set to 1, it lets `--backend webgpu` compute with an adapter that is software. */
export const SOFTWARE_VARIABLE = 'OCRPIPE_WEBGPU_SOFTWARE';

/** Names of software that computes what a GPU would: SwiftShader, Mesa's llvmpipe and lavapipe, Windows' WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|\bwarp\b|basic render/i;

function isSoftware({
  vendor,
  architecture,
  device,
  description,
  isFallbackAdapter,
}: GpuAdapterInfo): boolean {
  return isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${device} ${description}`);
}

/** The adapter's name for people. */
export function adapterName({ vendor, architecture, device, description }: GpuAdapterInfo): string {
  const named = [device, description].filter((part) => part !== '');
  return named.length > 0 ? named.join(', ') : [vendor, architecture].join(' ').trim();
}

export type AdapterChoice = { adapter: GpuAdapter } | { reason: string };

/**
 * The fastest adapter. Software is slower than our own WebAssembly kernels, and is refused unless `softwareToo`.
 */
export async function chooseAdapter(gpu: Gpu, softwareToo: boolean): Promise<AdapterChoice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null)
    return {
      reason: 'no GPU is in reach (on Linux, its driver must bring Vulkan: vulkaninfo lists what there is)',
    };
  const reason = refusalOf(adapter.info, softwareToo);
  return reason === undefined ? { adapter } : { reason };
}

/** Why an adapter is not taken; undefined when it is. */
export function refusalOf(info: GpuAdapterInfo, softwareToo: boolean): string | undefined {
  if (softwareToo || !isSoftware(info)) return undefined;
  return `the only adapter is software (${adapterName(info)}), slower than wasm; ${SOFTWARE_VARIABLE}=1 takes it all the same`;
}

/** As much of each as the adapter can. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
];

export function openDevice(adapter: GpuAdapter): Promise<GpuDevice> {
  return adapter.requestDevice({
    requiredFeatures: adapter.features.has('timestamp-query') ? ['timestamp-query'] : [],
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]!])),
  });
}
