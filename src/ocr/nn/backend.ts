import * as tf from '@tensorflow/tfjs-core';
// tfjs-core alone registers no gradients in Node; importing tfjs-layers does.
import '@tensorflow/tfjs-layers';
import { countText } from '../../base/count-text.js';
import { userError } from '../../base/errors.js';
import { registerHostScans } from './kernels/host-kernels.js';
import { registerKernels, registeredBuild } from './kernels/register-kernels.js';
import { threadsToUse } from './kernels/threads-to-use.js';
import { NATIVE_FOLDER_VARIABLE, loadNativeTensorflow } from './native-tensorflow.js';

/** What runs the tensors, best first. */
export const BACKEND_NAMES = ['tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];
export type BackendChoice = BackendName | 'auto';

/** The backend that runs now. */
export interface Backend {
  name: BackendName;
  /** Threads that one op may use; 0 when the backend decides by itself. */
  threads: number;
  /** One line for people: package, build, version. */
  details: string;
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
  const kind = native.gpu ? 'native TensorFlow with GPU support' : 'native TensorFlow';
  return { opened: { name: 'tensorflow', threads: 0, details: `${kind} (${native.packageName})` } };
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
    },
  };
}

async function openCpu(): Promise<Attempt> {
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await use('cpu'))) return { reason: 'the plain JavaScript backend did not start' };
  return { opened: { name: 'cpu', threads: 1, details: 'plain JavaScript, for tiny tests only' } };
}

async function attempt(name: BackendName): Promise<Attempt> {
  tf.enableProdMode();
  if (name === 'tensorflow') return openTensorflow();
  return name === 'wasm' ? openWasm() : openCpu();
}

function unavailable(choice: BackendName, reason: string): Error {
  const hint =
    choice === 'tensorflow'
      ? `run 'ocrpipe backend install tensorflow', or name the folder that has it in ${NATIVE_FOLDER_VARIABLE}; --backend wasm always works`
      : 'choose another with --backend';
  return userError('backend-unavailable', `the backend '${choice}' cannot be used: ${reason}`, { hint });
}

/**
 * Makes one tfjs backend current, with gradients registered and tfjs's own banner silenced.
 *
 * `auto` takes the first of `tensorflow`, `wasm`, `cpu` that starts. Calling it again switches.
 * @throws `backend-unavailable` (exit code 2) when the named backend cannot start.
 */
export async function openBackend(choice: BackendChoice = 'auto'): Promise<Backend> {
  const names = choice === 'auto' ? BACKEND_NAMES : [choice];
  const reasons: string[] = [];
  for (const name of names) {
    const result = await attempt(name);
    if ('opened' in result) return result.opened;
    reasons.push(result.reason);
  }
  throw unavailable(choice === 'auto' ? 'cpu' : choice, reasons.join('; '));
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
