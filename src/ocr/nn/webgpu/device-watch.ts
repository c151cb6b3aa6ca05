import { OcrpipeError, userError } from '../../../base/errors.js';
import type { GpuDevice } from './webgpu-types.js';

/**
 * What went wrong on a device, whose work is only queued: errors come later, beside the call that they belong to. Without a look at
 * them a program would go on with zeros, or wait for a device that is gone.
 */
export class DeviceWatch {
  #failure: OcrpipeError | undefined;
  readonly #lost: Promise<OcrpipeError>;

  constructor(device: GpuDevice) {
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= deviceError(error.constructor.name, error.message);
    });
    this.#lost = device.lost.then(({ reason, message }) => (this.#failure ??= deviceLost(reason, message)));
  }

  /** What `work` gives, or the first thing that went wrong on the device, also if `work` never ends. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    this.#check();
    let done: T | OcrpipeError;
    try {
      done = await Promise.race([work(), this.#lost]);
    } catch (error) {
      throw this.#failure ?? error;
    }
    this.#check();
    return done as T;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function deviceLost(reason: string, message: string): OcrpipeError {
  return new OcrpipeError(
    'device-lost',
    `the GPU does not answer any more (${reason}): ${oneLine(message)}`,
    {
      hint: 'Its driver may have been reset, or the GPU taken away. Run the command again: a training goes on from its last checkpoint; --backend wasm needs no GPU.',
    },
  );
}

/** @param why a clause that says what does not fit where */
export function gpuOutOfMemory(why: string): OcrpipeError {
  return userError('out-of-memory', why, { hint: "Lower 'train.batchSize', or make the model smaller." });
}

function deviceError(kind: string, message: string): OcrpipeError {
  if (kind === 'GPUOutOfMemoryError')
    return gpuOutOfMemory(`the memory of the GPU is full: ${oneLine(message)}`);
  return new OcrpipeError('device-failed', `the GPU refused some work: ${oneLine(message)}`, {
    hint: 'Use --backend wasm, and report this with the output of ocrpipe doctor.',
  });
}

function oneLine(message: string): string {
  return message.trim().split('\n', 1)[0] ?? '';
}
