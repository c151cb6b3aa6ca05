import { LEVEL_OFFSET } from '../models/quantisation.js';
import type { TensorEntry } from '../models/weights-file.js';

/** What a model.json says of one tensor of a file. */
export interface WeightEntry {
  name: string;
  shape: readonly number[];
  dtype: 'float32' | 'int32';
  quantization?: { dtype: 'float16' | 'uint8'; original_dtype: 'float32'; min?: number; scale?: number };
}

/** The levels of a tensor in 8 bits, as floats, and the factor for each channel, which come before them. */
export function levelsOf(name: string): string {
  return `${name}/levels`;
}

export function scalesOf(name: string): string {
  return `${name}/scales`;
}

/** A file of weights as TensorFlow.js reads it: what stands in it one after the other. */
export function weightEntries(tensors: readonly TensorEntry[]): WeightEntry[] {
  return tensors.flatMap(({ name, shape, encoding }): WeightEntry[] => {
    const entry = { name, shape, dtype: 'float32' } as const;
    switch (encoding) {
      case 'float32':
        return [entry];
      case 'float16':
        return [{ ...entry, quantization: { dtype: 'float16', original_dtype: 'float32' } }];
      case 'uint8': {
        const levels = { dtype: 'uint8', original_dtype: 'float32', min: -LEVEL_OFFSET, scale: 1 } as const;
        return [
          { name: scalesOf(name), shape: [shape.at(-1)!], dtype: 'float32' },
          { ...entry, name: levelsOf(name), quantization: levels },
        ];
      }
      case 'int8':
        throw new TypeError(`TensorFlow.js reads no signed bytes: ${name}`);
    }
  });
}
