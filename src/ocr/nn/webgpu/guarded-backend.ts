import { OcrpipeError } from '../../../base/errors.js';
import { DeviceWatch, gpuOutOfMemory } from './device-watch.js';
import type { GpuBackend, GpuBufferManager } from './webgpu-types.js';

/** Memory of the GPU that is kept for tensors to come while no tensor uses it. */
const KEPT_BYTES = 2 ** 30;

/**
 * Makes reading the place where errors of the device are thrown, and where memory is given back: tfjs keeps every buffer for the
 * next tensor of its very size, which fills a GPU with batches of many widths.
 */
export function guardBackend(backend: GpuBackend): void {
  const watch = new DeviceWatch(backend.device);
  limitBuffers(backend);
  const read = backend.read.bind(backend);
  const readSync = backend.readSync.bind(backend);
  backend.read = async (dataId) => {
    const values = await watch.guard(() => read(dataId));
    freeUnused(backend.bufferManager);
    return values;
  };
  backend.readSync = (dataId) => {
    // Values that came from here, or were read before, are still at hand.
    if (backend.tensorMap.get(dataId).values != null) return readSync(dataId);
    throw new OcrpipeError('internal', 'values were to be read from the GPU at once, which WebGPU cannot');
  };
}

/** A tensor larger than a shader can be given would only be refused later, and be 0. */
function limitBuffers({ bufferManager, device: { limits } }: GpuBackend): void {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (size, ...how) => {
    if (size <= most) return acquire(size, ...how);
    const [wanted, allowed] = [size, most].map((bytes) => Math.ceil(bytes / 2 ** 20));
    throw gpuOutOfMemory(`one tensor of ${wanted} MiB is larger than the ${allowed} MiB that this GPU takes`);
  };
}

function freeUnused(buffers: GpuBufferManager): void {
  if (buffers.numBytesAllocated - buffers.numBytesUsed <= KEPT_BYTES) return;
  for (const free of buffers.freeBuffers.values()) {
    for (const buffer of free) {
      buffer.destroy();
      buffers.numBytesAllocated -= buffer.size;
      buffers.numFreeBuffers -= 1;
    }
    free.length = 0;
  }
}
