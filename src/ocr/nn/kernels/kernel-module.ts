import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { OcrpipeError } from '../../../base/errors.js';
import { builtFile } from '../../../base/package-root.js';

/** Pointers are byte offsets into the shared memory, truth values are 0 and 1. */
type KernelFunction = (...values: number[]) => number;

/** What `assembly/` exports; its doc comments are the contract. */
export interface KernelExports {
  multiplyPacked: KernelFunction;
  packColumns: KernelFunction;
  packedSize: KernelFunction;
  convolutionFilter: KernelFunction;
  convolutionFilterBytes: KernelFunction;
  convolutionForward: KernelFunction;
  convolutionForwardBlocks: KernelFunction;
  convolutionForwardBytes: KernelFunction;
  convolutionFilterGradient: KernelFunction;
  convolutionFilterGradientBlocks: KernelFunction;
  convolutionFilterGradientBytes: KernelFunction;
  winogradFilter: KernelFunction;
  winogradFilterBytes: KernelFunction;
  winogradForward: KernelFunction;
  winogradForwardBytes: KernelFunction;
  winogradFilterGradient: KernelFunction;
  winogradFilterGradientBytes: KernelFunction;
  winogradTiles: KernelFunction;
  maxPoolForward: KernelFunction;
  maxPoolGradient: KernelFunction;
  rectifierBiasGradient: KernelFunction;
  batchNormForward: KernelFunction;
  batchNormGradient: KernelFunction;
  shiftAndRectify: KernelFunction;
  sumParts: KernelFunction;
  adamStep: KernelFunction;
  gruForward: KernelFunction;
  gruForwardBytes: KernelFunction;
  gruGradient: KernelFunction;
  gruGradientBytes: KernelFunction;
  lstmForward: KernelFunction;
  lstmForwardBytes: KernelFunction;
  lstmGradient: KernelFunction;
  lstmGradientBytes: KernelFunction;
  layerNormForward: KernelFunction;
  layerNormGradient: KernelFunction;
  depthwiseForward: KernelFunction;
  depthwiseFilterGradient: KernelFunction;
  additiveScores: KernelFunction;
  additiveScoresGradient: KernelFunction;
}

export type KernelName = keyof KernelExports;

/** The kernels by their places among the exports, which all threads see in the same order. */
export function kernelsByNumber(exports: object): KernelFunction[] {
  return Object.values(exports) as KernelFunction[];
}

/** `relaxed-simd` fuses multiplication and addition; `plain-simd` runs wherever WebAssembly SIMD does. */
export type KernelBuild = 'relaxed-simd' | 'plain-simd';

export interface KernelModule {
  build: KernelBuild;
  kernels: KernelExports;
  /** For other threads. */
  compiled: WebAssembly.Module;
}

/** Forces a build, for tests and measurements. */
export const KERNEL_BUILD_VARIABLE = 'OCRPIPE_KERNEL_BUILD';

async function readBuild(build: KernelBuild): Promise<Uint8Array<ArrayBuffer>> {
  const file = builtFile(`kernels/${build}.wasm`);
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new OcrpipeError('kernels-missing', `the WebAssembly kernels are not built: ${file}`, {
      hint: "run 'npm run build' in ocrpipe's own folder",
      cause,
    });
  }
}

function accepts(bytes: Uint8Array<ArrayBuffer>, build: KernelBuild): boolean {
  if (WebAssembly.validate(bytes)) return true;
  if (build === 'plain-simd' || Number.parseInt(process.versions.node, 10) > 20) return false;
  // Node 20 has relaxed SIMD behind this flag; later versions have it without, and complain of the flag.
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(bytes);
}

/** The best build that this engine accepts; undefined when it has no WebAssembly SIMD at all. */
async function chooseBuild(): Promise<{ build: KernelBuild; bytes: Uint8Array<ArrayBuffer> } | undefined> {
  const forced = process.env[KERNEL_BUILD_VARIABLE];
  for (const build of ['relaxed-simd', 'plain-simd'] as const) {
    if (forced !== undefined && forced !== build) continue;
    const bytes = await readBuild(build);
    if (accepts(bytes, build)) return { build, bytes };
  }
  return undefined;
}

/**
 * Compiles the kernels over a shared memory that another module owns; they hold no data of their own.
 * @returns undefined when the engine lacks WebAssembly SIMD
 */
export async function loadKernelModule(memory: WebAssembly.Memory): Promise<KernelModule | undefined> {
  const chosen = await chooseBuild();
  if (chosen === undefined) return undefined;
  const { module: compiled, instance } = await WebAssembly.instantiate(chosen.bytes, { env: { memory } });
  return { build: chosen.build, kernels: instance.exports as unknown as KernelExports, compiled };
}
