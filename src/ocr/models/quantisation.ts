import { fromHalf, toHalf } from './half-float.js';

/** How the values of a saved tensor are kept. */
export const ENCODINGS = ['float32', 'float16', 'int8'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Added to the levels of 8 bits in files, where bytes have no sign: so TensorFlow.js can read them. */
export const LEVEL_OFFSET = 128;
/** Levels on each side of zero. */
const INT8_MOST = 127;
/** A channel of fewer values would save little, and small vectors (biases, averages) need their precision. */
const LEAST_ROWS = 8;

/** A tensor in 8 bits: value = level * scale of its channel, the channels being the last axis. */
export interface Int8Tensor {
  levels: Int8Array;
  /** One a channel. */
  scales: Float32Array;
}

/**
 * How a tensor of this shape is kept when `wanted` is asked for: biases and averages stay 32-bit floats. Filters of which each
 * channel has its own (depthwise: the last axis is 1) would share one scale, and are few: they are 16-bit floats instead of 8 bits.
 */
export function encodingFor(shape: readonly number[], wanted: Encoding): Encoding {
  const rows = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  if (shape.length < 2 || rows < LEAST_ROWS) return 'float32';
  return wanted === 'int8' && shape.at(-1) === 1 ? 'float16' : wanted;
}

/**
 * Symmetric 8-bit levels, one scale for each output channel (the last axis unless `channelOf` says otherwise), which is the largest of its values over 127.
 * Quantising what was quantised changes nothing, nor does a factor for each channel, such as a normalisation's.
 */
export function toInt8(
  values: Float32Array,
  channels: number,
  channelOf = (index: number): number => index % channels,
): Int8Tensor {
  const scales = new Float32Array(channels);
  values.forEach((value, index) => {
    const channel = channelOf(index);
    scales[channel] = Math.max(scales[channel]!, Math.abs(value) / INT8_MOST);
  });
  const levels = Int8Array.from(values, (value, index) => {
    const scale = scales[channelOf(index)]!;
    const level = scale === 0 ? 0 : Math.round(value / scale);
    return Math.max(-INT8_MOST, Math.min(INT8_MOST, level));
  });
  return { levels, scales };
}

export function fromInt8({ levels, scales }: Int8Tensor): Float32Array {
  return Float32Array.from(levels, (level, index) => level * scales[index % scales.length]!);
}

/** 16-bit floats, little-endian. */
export function halfBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16LE(toHalf(value), 2 * index));
  return bytes;
}

export function fromHalfBytes(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length / 2 }, (_, index) =>
    fromHalf(bytes.readUInt16LE(2 * index)),
  );
}

/** 32-bit floats, little-endian. */
export function floatBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeFloatLE(value, 4 * index));
  return bytes;
}

export function fromFloatBytes(bytes: Buffer): Float32Array {
  const values = new Float32Array(bytes.length / 4);
  for (let index = 0; index < values.length; index += 1) values[index] = bytes.readFloatLE(4 * index);
  return values;
}
