import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { backendSearchFolders, findPackage, firstLineOf } from '../optional-packages.js';
import { adapterName, chooseAdapter, openDevice, refusalOf } from './gpu-adapter.js';
import { guardBackend } from './guarded-backend.js';
import { registerGpuKernels } from './register-gpu-kernels.js';
import type {
  Gpu,
  GpuAdapter,
  GpuAdapterInfo,
  GpuBackend,
  GpuDevice,
  TfjsWebgpuPackage,
  WebgpuPackage,
} from './webgpu-types.js';

/** Names the folder whose `node_modules` holds both packages; looked at before any other place. */
const WEBGPU_FOLDER_VARIABLE = 'OCRPIPE_WEBGPU_DIR';

/** Dawn, the WebGPU of Chromium, for Node; and what tfjs computes with on it. */
export const WEBGPU_PACKAGES = ['webgpu', '@tensorflow/tfjs-backend-webgpu'] as const;

/** What happened when a GPU was looked for. */
export type WebgpuAttempt = { opened: true; adapter: string } | { opened: false; reason: string };

/**
 * Registers the tfjs backend `webgpu` on the fastest adapter. Never throws: what is not there or does not start is a reason.
 * @param softwareToo whether an adapter that computes on the CPU is taken as well
 */
export async function registerWebgpu(
  softwareToo: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<WebgpuAttempt> {
  const before = registeredAdapter();
  if (before !== undefined) return attemptWith(before, softwareToo);
  const folders = backendSearchFolders(WEBGPU_FOLDER_VARIABLE, env);
  const files = WEBGPU_PACKAGES.map((name) => findPackage(name, folders));
  const missing = WEBGPU_PACKAGES.filter((_, i) => files[i] === undefined);
  if (missing.length > 0)
    return { opened: false, reason: missing.map((name) => `${name} is not installed`).join('; ') };
  try {
    const dawn = (await import(pathToFileURL(files[0]!).href)) as WebgpuPackage;
    const gpu = dawn.create([]);
    const choice = await chooseAdapter(gpu, softwareToo);
    if ('reason' in choice) return { opened: false, reason: choice.reason };
    const tfjs = createRequire(files[1]!)(files[1]!) as TfjsWebgpuPackage;
    const device = await openDevice(choice.adapter);
    register(newBackend(tfjs, dawn, { gpu, device, adapter: choice.adapter }));
    return { opened: true, adapter: adapterName(choice.adapter.info) };
  } catch (error) {
    return { opened: false, reason: `${WEBGPU_PACKAGES.join(' or ')} does not start: ${firstLineOf(error)}` };
  }
}

/** tfjs keeps a backend for the life of the process. */
function registeredAdapter(): GpuAdapterInfo | undefined {
  const backend = tf.findBackend('webgpu') as unknown as GpuBackend | null;
  return backend?.openedOn;
}

function attemptWith(info: GpuAdapterInfo, softwareToo: boolean): WebgpuAttempt {
  const reason = refusalOf(info, softwareToo);
  return reason === undefined ? { opened: true, adapter: adapterName(info) } : { opened: false, reason };
}

function newBackend(
  tfjs: TfjsWebgpuPackage,
  dawn: WebgpuPackage,
  { gpu, device, adapter }: { gpu: Gpu; device: GpuDevice; adapter: GpuAdapter },
): GpuBackend {
  // The backend uses what browsers have as globals, and looks for `navigator.gpu` while it is made.
  for (const [name, value] of Object.entries(dawn.globals))
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });
  const restore = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: {} }, configurable: true });
  try {
    const backend = new tfjs.WebGPUBackend(device, adapter.info);
    backend.openedOn = adapter.info;
    backend.gpu = gpu;
    return backend;
  } finally {
    if (restore === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', restore);
  }
}

function register(backend: GpuBackend): void {
  guardBackend(backend);
  tf.registerBackend('webgpu', () => backend as unknown as tf.KernelBackend);
  registerGpuKernels();
}
