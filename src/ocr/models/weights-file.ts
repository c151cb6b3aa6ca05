import { z } from 'zod';
import { OcrpipeError } from '../../base/errors.js';
import type { NamedArray } from './variables.js';

/** One tensor of a file of weights: 32-bit floats, little-endian, row-major, one tensor after the other. */
export const tensorSchema = z.object({ name: z.string(), shape: z.array(z.int().min(0)) });
export type TensorEntry = z.infer<typeof tensorSchema>;

/** The bytes of some weights and the table that is needed to read them (the layout of tfjs's own weight files). */
export function encodeWeights(arrays: readonly NamedArray[]): { bytes: Buffer; tensors: TensorEntry[] } {
  const total = arrays.reduce((sum, { values }) => sum + values.length, 0);
  const bytes = Buffer.alloc(4 * total);
  let offset = 0;
  for (const { values } of arrays) for (const value of values) offset = bytes.writeFloatLE(value, offset);
  return { bytes, tensors: arrays.map(({ name, shape }) => ({ name, shape: [...shape] })) };
}

/** Throws `weights-mismatch` if the bytes are not as many as the table says. */
export function decodeWeights(bytes: Uint8Array, tensors: readonly TensorEntry[]): NamedArray[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const arrays = tensors.map(({ name, shape }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    if (offset + 4 * size > bytes.byteLength) throw mismatch(bytes.byteLength);
    const values = new Float32Array(size);
    for (let index = 0; index < size; index += 1, offset += 4) values[index] = view.getFloat32(offset, true);
    return { name, shape, values };
  });
  if (offset !== bytes.byteLength) throw mismatch(bytes.byteLength);
  return arrays;
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
