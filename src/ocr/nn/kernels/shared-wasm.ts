import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { memoryHidden } from './heap-guard.js';

/** Section number of memories in a WebAssembly module. */
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;
const SHARED = 2;
const HEADER_BYTES = 8;

const BINARIES = [
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
] as const;

/**
 * Makes the backend `wasm` start with a memory that threads can share.
 * @param start makes the backend the current one
 * @throws `wasm-memory-hidden` when the installed tfjs-backend-wasm has no such memory
 */
export async function withSharedTensors<T>(start: () => Promise<T>): Promise<T> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const binary = withSharedMemory(await readFile(join(folder, BINARIES[0])));
  if (binary === undefined) throw memoryHidden();
  setWasmPaths(Object.fromEntries(BINARIES.map((name) => [name, name])), true);
  const environment = tf.env();
  const { platform } = environment;
  // What tfjs would fetch is here already. A real Response would load Node's whole HTTP client.
  const response = { ok: true, arrayBuffer: () => Promise.resolve(binary) } as unknown as Response;
  environment.platform = Object.assign(Object.create(platform) as typeof platform, {
    fetch: () => Promise.resolve(response),
  });
  try {
    return await start();
  } finally {
    environment.platform = platform;
  }
}

/**
 * The same WebAssembly module with its memory made one that threads can share: one bit of the memory's limits. Its code stays as
 * it is, and only one thread may run it; kernels of other modules work beside it in the same memory.
 * @returns undefined when the module has no memory of its own with a maximum
 */
export function withSharedMemory(binary: Uint8Array): Uint8Array | undefined {
  let at = HEADER_BYTES;
  while (at < binary.length) {
    const section = binary[at]!;
    const size = readUnsigned(binary, at + 1);
    if (section === MEMORY_SECTION) return sharedFrom(binary, size.end);
    at = size.end + size.value;
  }
  return undefined;
}

/** `at` is where the section's memories begin: their count, then the flags of the first. */
function sharedFrom(binary: Uint8Array, at: number): Uint8Array | undefined {
  const flags = readUnsigned(binary, at).end;
  if (binary[flags] !== HAS_MAXIMUM) return undefined;
  const copy = Uint8Array.from(binary);
  copy[flags] = HAS_MAXIMUM | SHARED;
  return copy;
}

/** An unsigned number in LEB128, and where it ends. */
function readUnsigned(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let at = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 127) << shift;
    if ((byte & 128) === 0) return { value: value >>> 0, end: at };
  }
}
