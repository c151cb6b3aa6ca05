import * as tf from '@tensorflow/tfjs-core';
import type {
  DataType,
  KernelConfig,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { GpuBackend } from './webgpu-types.js';

/** A program of ours: what tfjs needs to know of a `GpuProgram`, and nothing else. */
export interface OwnProgram {
  /** Names code and `constants`. */
  name: string;
  inputs: Record<string, TensorInfo>;
  /** Values of the output, a plain row of floats. */
  outputSize: number;
  /** Whole numbers that the code knows as `uniforms.NAME`. */
  uniforms: Record<string, number>;
  /** Workgroups along x and y. */
  groups: [number, number];
  threads: number;
  code: string;
}

/** What kernels of ours are made of on `webgpu`: programs of their own and kernels of tfjs, on tensors that they free themselves. */
export class GpuOps {
  readonly #backend: GpuBackend;
  readonly #made: TensorInfo[] = [];

  /** @param backend the one that tfjs hands to a kernel */
  constructor(backend: unknown) {
    this.#backend = backend as GpuBackend;
  }

  program({ name, inputs, outputSize, uniforms, groups, threads, code }: OwnProgram): TensorInfo {
    const program = {
      shaderKey: `ocrpipe_${name}`,
      variableNames: Object.keys(inputs),
      uniforms: Object.keys(uniforms)
        .map((uniform) => `${uniform} : i32,`)
        .join(' '),
      outputShape: [outputSize],
      dispatchLayout: { x: [0] },
      dispatch: [...groups, 1] as [number, number, number],
      workgroupSize: [threads, 1, 1] as [number, number, number],
      getUserCode: () => code,
    };
    const values = Object.values(uniforms).map((value) => ({ type: 'int32' as const, data: [value] }));
    return this.#own(this.#backend.runWebGPUProgram(program, Object.values(inputs), 'float32', values));
  }

  /** A kernel of tfjs. */
  run(kernelName: string, inputs: Record<string, TensorInfo>, attrs: NamedAttrMap = {}): TensorInfo {
    return this.with(tf.getKernel(kernelName, 'webgpu'), inputs, attrs);
  }

  with(kernel: KernelConfig, inputs: NamedTensorInfoMap, attrs: NamedAttrMap = {}): TensorInfo {
    return this.#own(kernel.kernelFunc({ inputs, attrs, backend: this.#backend }) as TensorInfo);
  }

  /** A part of a row of values, in a shape of its own. */
  part(row: TensorInfo, begin: number, shape: number[]): TensorInfo {
    const piece = this.run('Slice', { x: row }, { begin: [begin], size: [tf.util.sizeFromShape(shape)] });
    return this.run('Reshape', { x: piece }, { shape });
  }

  tensor(values: Int32Array | Float32Array, shape: number[], dtype: DataType): TensorInfo {
    return this.#own({ dataId: this.#backend.write(values, shape, dtype), shape, dtype });
  }

  /** Frees all that was made but `kept`, which it returns. */
  keep(kept: TensorInfo[]): TensorInfo[] {
    for (const made of this.#made) if (!kept.includes(made)) this.#backend.disposeData(made.dataId);
    return kept;
  }

  #own(tensor: TensorInfo): TensorInfo {
    this.#made.push(tensor);
    return tensor;
  }
}

/** A kernel of ours on `webgpu`. */
export interface GpuKernel {
  name: string;
  run: (ops: GpuOps, inputs: NamedTensorInfoMap, attributes: NamedAttrMap) => TensorInfo[];
}
