import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** What we need of the WebGPU standard, as the npm package `webgpu` brings it. */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<GpuAdapter | null>;
}

export interface GpuAdapter {
  readonly info: GpuAdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(options: {
    requiredFeatures: string[];
    requiredLimits: Record<string, number>;
  }): Promise<GpuDevice>;
}

export interface GpuAdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Software that computes on the CPU. */
  readonly isFallbackAdapter?: boolean;
}

export interface GpuDevice {
  readonly limits: Readonly<Record<'maxBufferSize' | 'maxStorageBufferBindingSize', number>>;
  readonly lost: Promise<{ reason: string; message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { error: { message: string; constructor: { name: string } } }) => void,
  ): void;
  destroy(): void;
}

/** What we need of the package `webgpu`. */
export interface WebgpuPackage {
  create(options: string[]): Gpu;
  /** Classes and constants that browsers have as globals. */
  globals: Record<string, unknown>;
}

/** One WGSL program as tfjs-backend-webgpu 4.22 runs it: `getUserCode` has a function `main(index: i32)`. */
export interface GpuProgram {
  /** Names the code: programs with one key share one compiled pipeline. */
  shaderKey: string;
  variableNames: string[];
  /** Declarations of `uniforms`, such as `units : i32,`. */
  uniforms?: string;
  outputShape: number[];
  dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  workgroupSize: [number, number, number];
  getUserCode(): string;
}

/** What we need of the backend of tfjs-backend-webgpu 4.22. */
export interface GpuBackend extends Pick<KernelBackend, 'disposeData' | 'read' | 'readSync' | 'write'> {
  readonly device: GpuDevice;
  readonly bufferManager: GpuBufferManager;
  readonly tensorMap: { get(dataId: object): { values?: unknown } };
  /** Set by us: what it computes on. */
  openedOn?: GpuAdapterInfo;
  /** Set by us: Dawn crashes when this is collected before the device. */
  gpu?: Gpu;
  runWebGPUProgram(
    program: GpuProgram,
    inputs: TensorInfo[],
    outputType: DataType,
    uniforms?: { type: 'int32' | 'float32'; data: number[] }[],
  ): TensorInfo;
}

export interface GpuBufferManager {
  acquireBuffer(size: number, ...how: unknown[]): object;
  numBytesUsed: number;
  numBytesAllocated: number;
  numFreeBuffers: number;
  /** By size and usage. */
  readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
}

/** What we need of the package `@tensorflow/tfjs-backend-webgpu`. */
export interface TfjsWebgpuPackage {
  WebGPUBackend: new (device: GpuDevice, info: GpuAdapterInfo) => GpuBackend;
}
