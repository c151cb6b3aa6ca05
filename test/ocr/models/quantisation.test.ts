import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../../src/ocr/models/half-float.js';
import { encodingFor, fromInt8, toInt8 } from '../../../src/ocr/models/quantisation.js';
import { decodeWeights, encodeWeights } from '../../../src/ocr/models/weights-file.js';
import { randomFrom } from '../../../src/base/random.js';

describe('16-bit floats', () => {
  it('come back as they were, all 65,536 of them', () => {
    for (let half = 0; half < 65536; half += 1) {
      const value = fromHalf(half);
      const again = toHalf(value);
      if (Number.isNaN(value)) expect(again & 0x7fff).toBeGreaterThan(0x7c00);
      else expect(again).toBe(half);
    }
  });

  it('are the nearest to a number, ties to even', () => {
    const cases: [number, number][] = [
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [1 + 2 ** -11 + 2 ** -20, 0x3c01],
      [65519, 0x7bff],
      [65520, 0x7c00],
      [2 ** -25, 0],
      [2 ** -25 * 1.5, 1],
      [-0.1, 0xae66],
    ];
    for (const [value, half] of cases) expect([value, toHalf(value)]).toEqual([value, half]);
  });
});

/** Random values whose columns differ a hundredfold in size. */
function matrix(rows: number, columns: number): Float32Array {
  const random = randomFrom('matrix', rows, columns);
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const size = 10 ** ((index % columns) % 3) / 100;
    return size * (2 * random.uniform() - 1);
  });
}

describe('8-bit weights', () => {
  it('are off by half a level of their own channel at the most', () => {
    const values = matrix(40, 7);
    const quantised = toInt8(values, 7);
    fromInt8(quantised).forEach((value, index) => {
      expect(Math.abs(value - values[index]!)).toBeLessThanOrEqual(quantised.scales[index % 7]! * 0.5001);
    });
  });

  it('do not change when they are quantised again, and a channel of zeros stays one', () => {
    const values = matrix(40, 7).map((value, index) => (index % 7 === 3 ? 0 : value));
    const once = toInt8(values, 7);
    const again = toInt8(fromInt8(once), 7);
    expect(again.levels).toEqual(once.levels);
    expect(fromInt8(again).filter((_, index) => index % 7 === 3)).toEqual(new Float32Array(40));
  });
});

describe('what a tensor is kept as', () => {
  it('is what was asked for, but for small ones, and for filters of single channels in 8 bits', () => {
    expect(encodingFor([3, 3, 8, 16], 'int8')).toBe('int8');
    expect(encodingFor([5, 5, 96, 1], 'int8')).toBe('float16');
    expect(encodingFor([5, 5, 96, 1], 'float16')).toBe('float16');
    expect(encodingFor([96], 'int8')).toBe('float32');
    expect(encodingFor([2, 96], 'float16')).toBe('float32');
  });
});

describe('a file of weights', () => {
  const arrays = [
    { name: 'kernel', shape: [40, 7], values: matrix(40, 7) },
    { name: 'bias', shape: [7], values: matrix(1, 7) },
    { name: 'empty', shape: [9, 0], values: new Float32Array(0) },
  ];

  it('keeps matrices in fewer bytes and biases as they are', () => {
    const sizes = { float32: 4 * 287, float16: 2 * 280 + 4 * 7, int8: 280 + 4 * 7 + 4 * 7 };
    for (const encoding of ['float32', 'float16', 'int8'] as const) {
      const { bytes, tensors } = encodeWeights(arrays, encoding);
      expect(bytes.length).toBe(sizes[encoding]);
      const read = decodeWeights(bytes, tensors);
      expect(read[1]).toEqual(arrays[1]);
      const most = Math.max(
        ...read[0]!.values.map((value, index) => Math.abs(value - arrays[0]!.values[index]!)),
      );
      expect(most).toBeLessThan(encoding === 'float32' ? 1e-12 : 0.005);
    }
  });

  it('that is shorter or longer than its table is refused', () => {
    for (const encoding of ['float32', 'float16', 'int8'] as const) {
      const { bytes, tensors } = encodeWeights(arrays, encoding);
      const mismatch = expect.objectContaining({ code: 'weights-mismatch' }) as unknown;
      expect(() => decodeWeights(bytes.subarray(1), tensors)).toThrow(mismatch);
      expect(() => decodeWeights(Buffer.concat([bytes, Buffer.alloc(1)]), tensors)).toThrow(mismatch);
    }
  });
});
