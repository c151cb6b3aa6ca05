import * as tf from '@tensorflow/tfjs-core';
// tfjs-core alone registers no gradients in Node; importing tfjs-layers does.
import '@tensorflow/tfjs-layers';
import { countText } from '../../base/count-text.js';
import { userError } from '../../base/errors.js';
import { registerComposedKernels } from './kernels/composed-kernels.js';
import { registerHostScans } from './kernels/host-kernels.js';
import { registerKernels, registeredBuild } from './kernels/register-kernels.js';
import { threadsToUse } from './kernels/threads-to-use.js';
import { NATIVE_FOLDER_VARIABLE, loadNativeTensorflow } from './native-tensorflow.js';
import { nativeOps, type NativeBackend } from './native-ops.js';
import { SOFTWARE_VARIABLE } from './webgpu/gpu-adapter.js';
import { registerWebgpu, WEBGPU_PACKAGES } from './webgpu/open-webgpu.js';

/** What runs the tensors; `auto` takes a GPU before them all, else the first that starts, but no GPU that is software. */
export const BACKEND_NAMES = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];
export type BackendChoice = BackendName | 'auto';

/** The backend that runs now. */
export interface Backend {
  name: BackendName;
  /** Threads that one op may use; 0 when the backend decides by itself. */
  threads: number;
  /** One line for people: package, build, version. */
  details: string;
  /** Whether it computes on a GPU. */
  gpu: boolean;
}

/** What `doctor` says of one backend. */
export interface BackendReport {
  name: BackendName;
  available: boolean;
  details: string;
}

type Attempt = { opened: Backend } | { reason: string };

async function use(name: BackendName): Promise<boolean> {
  // In production mode tfjs prints no banner and no hints.
  tf.enableProdMode();
  return (await tf.setBackend(name)) && tf.getBackend() === name;
}

async function openTensorflow(): Promise<Attempt> {
  const native = loadNativeTensorflow();
  if (!native.loaded) return { reason: native.reasons.join('; ') };
  if (!(await use('tensorflow'))) return { reason: `${native.packageName} did not start` };
  await registerHostScans('tensorflow');
  registerComposedKernels('tensorflow', nativeOps(tf.backend() as unknown as NativeBackend));
  // tfjs-node-gpu computes on the CPU where it finds no GPU.
  const gpu = (tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice;
  const kind = gpu ? 'native TensorFlow on a GPU' : 'native TensorFlow';
  return { opened: { name: 'tensorflow', threads: 0, details: `${kind} (${native.packageName})`, gpu } };
}

async function openWebgpu(softwareToo: boolean): Promise<Attempt> {
  const found = await registerWebgpu(softwareToo);
  if (!found.opened) return { reason: found.reason };
  if (!(await use('webgpu'))) return { reason: 'the WebGPU backend did not start' };
  return { opened: { name: 'webgpu', threads: 0, details: `WebGPU (${found.adapter})`, gpu: true } };
}

async function openWasm(): Promise<Attempt> {
  const { withSharedTensors } = await import('./kernels/shared-wasm.js');
  if (!(await withSharedTensors(() => use('wasm'))))
    return { reason: 'this machine does not run WebAssembly' };
  const threads = threadsToUse();
  const build = registeredBuild() ?? (await registerKernels(threads));
  return {
    opened: {
      name: 'wasm',
      threads,
      details: `WebAssembly (${build ?? 'no SIMD: slow'}, ${countText(threads, 'thread')})`,
      gpu: false,
    },
  };
}

async function openCpu(): Promise<Attempt> {
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await use('cpu'))) return { reason: 'the plain JavaScript backend did not start' };
  const details = 'plain JavaScript, for tiny tests only';
  return { opened: { name: 'cpu', threads: 1, details, gpu: false } };
}

async function attempt(name: BackendName): Promise<Attempt> {
  tf.enableProdMode();
  if (name === 'tensorflow') return openTensorflow();
  if (name === 'webgpu') return openWebgpu(process.env[SOFTWARE_VARIABLE] === '1');
  return name === 'wasm' ? openWasm() : openCpu();
}

const HINTS: Partial<Record<BackendName, string>> = {
  tensorflow: `run 'npm install @tensorflow/tfjs-node' beside ocrpipe, or name the folder that has it in ${NATIVE_FOLDER_VARIABLE}; --backend wasm always works`,
  webgpu: `it needs a GPU and 'npm install ${WEBGPU_PACKAGES.join(' ')}' beside ocrpipe; --backend wasm always works`,
};

function unavailable(choice: BackendName, reason: string): Error {
  const hint = HINTS[choice] ?? 'choose another with --backend';
  return userError('backend-unavailable', `the backend '${choice}' cannot be used: ${reason}`, { hint });
}

/**
 * Makes one tfjs backend current, with gradients registered and tfjs's own banner silenced.
 *
 * `auto` takes a GPU (by `tensorflow`, else by `webgpu`), else the first of `tensorflow`, `wasm`, `cpu` that starts, which is the
 * order of their speed on a CPU. Calling it again switches.
 * @throws `backend-unavailable` (exit code 2) when the named backend cannot start.
 */
export async function openBackend(choice: BackendChoice = 'auto'): Promise<Backend> {
  if (choice === 'auto') return openBest();
  const result = await attempt(choice);
  if ('opened' in result) return result.opened;
  throw unavailable(choice, result.reason);
}

async function openBest(): Promise<Backend> {
  const native = await attempt('tensorflow');
  if ('opened' in native && native.opened.gpu) return native.opened;
  const webgpu = await openWebgpu(false);
  if ('opened' in webgpu) return webgpu.opened;
  const reasons: string[] = [];
  for (const name of ['tensorflow', 'wasm', 'cpu'] as const) {
    const result = await attempt(name);
    if ('opened' in result) return result.opened;
    reasons.push(result.reason);
  }
  throw unavailable('cpu', reasons.join('; '));
}

/** Tries every backend, best first, and says which work and why the others do not. The last one tried stays current. */
export async function inspectBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const name of BACKEND_NAMES) {
    const result = await attempt(name);
    reports.push(
      'opened' in result
        ? { name, available: true, details: result.opened.details }
        : { name, available: false, details: result.reason },
    );
  }
  return reports;
}
