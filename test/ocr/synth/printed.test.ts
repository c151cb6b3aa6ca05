import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import type { Plane } from '../../../src/ocr/images/warp.js';
import { printed } from '../../../src/ocr/synth/printed.js';

const SIDE = 64;

/** Full coverage where `inside` holds. */
function plane(inside: (x: number, y: number) => boolean): Plane {
  const data = Float32Array.from({ length: SIDE * SIDE }, (_, index) =>
    inside(index % SIDE, Math.floor(index / SIDE)) ? 255 : 0,
  );
  return { data, heightPx: SIDE, widthPx: SIDE, channels: 1 };
}

/** How many pixels are covered in all. */
function area({ data }: Plane): number {
  return data.reduce((sum, value) => sum + value, 0) / 255;
}

const random = () => randomFrom(1, 'printed');

describe('ink', () => {
  it.each([0, 0.5, 1, 2, 3])('moves a straight edge by %f pixels', (spreadPx) => {
    const left = plane((x) => x < SIDE / 2);
    const moved = (area(printed(left, spreadPx, random())) - area(left)) / SIDE;
    expect(moved).toBeGreaterThan(spreadPx - 0.15);
    expect(moved).toBeLessThan(spreadPx + 0.15);
  });

  it('makes a stroke of two pixels thicker on both sides', () => {
    const stroke = plane((x) => x === 31 || x === 32);
    const width = area(printed(stroke, 1, random())) / SIDE;
    expect(width).toBeGreaterThan(3.2);
    expect(width).toBeLessThan(4.8);
  });

  it('closes a hole that it is larger than, and leaves a wide one open', () => {
    const ring = (hole: number) => plane((x, y) => Math.hypot(x - 31.5, y - 31.5) > hole);
    const middle = ({ data }: Plane): number => data[32 * SIDE + 32]!;
    expect(middle(printed(ring(1.5), 2, random()))).toBeGreaterThan(200);
    expect(middle(printed(ring(12), 2, random()))).toBe(0);
  });

  it('leaves paper and solid ink as they are, and rough edges between them', () => {
    const out = printed(
      plane((x) => x < SIDE / 2),
      0.5,
      random(),
    );
    const row = (y: number): number[] => Array.from(out.data.subarray(y * SIDE, (y + 1) * SIDE));
    for (let y = 0; y < SIDE; y += 1) {
      expect(row(y).slice(0, SIDE / 2 - 4)).toEqual(Array.from({ length: SIDE / 2 - 4 }, () => 255));
      expect(row(y).slice(SIDE / 2 + 6)).toEqual(Array.from({ length: SIDE / 2 - 6 }, () => 0));
    }
    const ends = Array.from({ length: SIDE }, (_, y) => row(y).reduce((sum, value) => sum + value, 0) / 255);
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(0.1);
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(2);
  });
});
