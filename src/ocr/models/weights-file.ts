import { z } from 'zod';
import { OcrpipeError } from '../../base/errors.js';
import {
  encodingFor,
  floatBytes,
  fromFloatBytes,
  fromHalfBytes,
  fromInt8,
  halfBytes,
  LEVEL_OFFSET,
  toInt8,
  type Encoding,
} from './quantisation.js';
import type { NamedArray } from './variables.js';

/** One tensor of a file of weights: row-major, little-endian, one tensor after the other without gaps. */
export const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  /**
   * `float32`; `float16`; or `uint8`: a 32-bit float for each channel (the last axis), its scale, and then the levels, 128 more than they
   * are: value = (byte - 128) * scale. Versions up to 2 of a model wrote `int8` instead: signed bytes, value = byte * scale.
   */
  encoding: z.enum(['float32', 'float16', 'uint8', 'int8']),
});
export type TensorEntry = z.infer<typeof tensorSchema>;
export type TensorEncoding = TensorEntry['encoding'];

/** The bytes of some weights, matrices and filters kept as `wanted`, and the table that is needed to read them. */
export function encodeWeights(
  arrays: readonly NamedArray[],
  wanted: Encoding = 'float32',
): { bytes: Buffer; tensors: TensorEntry[] } {
  const tensors = arrays.map(({ name, shape }): TensorEntry => {
    const encoding = encodingFor(shape, wanted);
    return { name, shape: [...shape], encoding: encoding === 'int8' ? 'uint8' : encoding };
  });
  const bytes = arrays.map(({ values }, index) => tensorBytes(values, tensors[index]!));
  return { bytes: Buffer.concat(bytes), tensors };
}

function tensorBytes(values: Float32Array, { shape, encoding }: TensorEntry): Buffer {
  if (encoding === 'float32') return floatBytes(values);
  if (encoding === 'float16') return halfBytes(values);
  const { levels, scales } = toInt8(values, shape.at(-1)!);
  return Buffer.concat([floatBytes(scales), Uint8Array.from(levels, (level) => level + LEVEL_OFFSET)]);
}

/** The weights as 32-bit floats. Throws `weights-mismatch` if the bytes are not as many as the table says. */
export function decodeWeights(bytes: Buffer, tensors: readonly TensorEntry[]): NamedArray[] {
  let offset = 0;
  const arrays = tensors.map((entry) => {
    const size = entry.shape.reduce((product, side) => product * side, 1);
    const end = offset + byteLength(entry, size);
    if (end > bytes.length) throw mismatch(bytes.length);
    const values = tensorValues(bytes.subarray(offset, end), entry);
    offset = end;
    return { name: entry.name, shape: entry.shape, values };
  });
  if (offset !== bytes.length) throw mismatch(bytes.length);
  return arrays;
}

function byteLength({ shape, encoding }: TensorEntry, size: number): number {
  if (encoding === 'float32') return 4 * size;
  return encoding === 'float16' ? 2 * size : 4 * (shape.at(-1) ?? 0) + size;
}

function tensorValues(bytes: Buffer, { shape, encoding }: TensorEntry): Float32Array {
  if (encoding === 'float32') return fromFloatBytes(bytes);
  if (encoding === 'float16') return fromHalfBytes(bytes);
  const scaleBytes = 4 * (shape.at(-1) ?? 0);
  const scales = fromFloatBytes(bytes.subarray(0, scaleBytes));
  const offset = encoding === 'uint8' ? LEVEL_OFFSET : 0;
  const levels = Int8Array.from(bytes.subarray(scaleBytes), (byte) => byte - offset);
  return fromInt8({ levels, scales });
}

function mismatch(length: number): OcrpipeError {
  return new OcrpipeError(
    'weights-mismatch',
    `the file of weights has ${length} bytes, its table says otherwise`,
    {
      hint: 'Get the model again, or train again.',
    },
  );
}
