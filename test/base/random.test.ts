import { describe, expect, it } from 'vitest';
import { randomFrom, randomFromState, shuffled } from '../../src/base/random.js';

describe('randomFrom', () => {
  it('follows the reference numbers of xoshiro128** from the state 1, 2, 3, 4', () => {
    const random = randomFromState([1, 2, 3, 4]);
    expect([random.uint32(), random.uint32(), random.uint32(), random.uint32()]).toEqual([
      11520, 0, 5927040, 70819200,
    ]);
  });

  it('gives the same numbers for the same names and others for other names', () => {
    const draw = (...streams: (number | string)[]): number[] => {
      const random = randomFrom(7, ...streams);
      return Array.from({ length: 4 }, () => random.uint32());
    };
    expect(draw('augment', 1)).toEqual(draw('augment', 1));
    const all = [
      draw('augment', 1),
      draw('augment', 2),
      draw('augment', '1'),
      draw('augmen', 't', 1),
      draw(),
    ];
    expect(new Set(all.map(String)).size).toBe(all.length);
  });

  it('continues from a kept state', () => {
    const random = randomFrom('x');
    random.uint32();
    const copy = randomFromState(random.state());
    expect(copy.uniform()).toBe(random.uniform());
  });

  it('is uniform and normal to within sampling error', () => {
    const random = randomFrom(1, 'moments');
    const normals = Array.from({ length: 20_000 }, () => random.normal());
    const mean = normals.reduce((sum, x) => sum + x, 0) / normals.length;
    const variance = normals.reduce((sum, x) => sum + (x - mean) ** 2, 0) / normals.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const counts = [0, 0, 0];
    for (let draw = 0; draw < 30_000; draw += 1) counts[random.below(3)]! += 1;
    for (const count of [0, -1, 1.5, Number.NaN, 2 ** 33])
      expect(() => random.below(count)).toThrow(RangeError);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  it('shuffles without losing or repeating anything', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const mixed = shuffled(items, randomFrom(3));
    expect(mixed).not.toEqual(items);
    expect([...mixed].sort((x, y) => x - y)).toEqual(items);
  });
});
