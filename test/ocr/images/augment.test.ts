import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { augmentConfigSchema } from '../../../src/ocr/images/augment-config.js';
import { augment } from '../../../src/ocr/images/augment.js';
import { blur, grow } from '../../../src/ocr/images/filters.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { warp } from '../../../src/ocr/images/warp.js';

function noise(channels: 1 | 3 = 1): Pixels {
  const random = randomFrom('image');
  const [heightPx, widthPx] = [12, 30];
  const data = Uint8Array.from({ length: heightPx * widthPx * channels }, () => random.below(256));
  return { data, heightPx, widthPx, channels };
}

const EFFECTS = {
  rotate: 10,
  shear: 0.3,
  scale: 0.2,
  shift: 0.2,
  perspective: 0.2,
  blur: 2,
  noise: 30,
  brightness: 60,
  contrast: 0.5,
  stroke: 1,
  cutout: 0.5,
};

function mean(data: ArrayLike<number>): number {
  return Array.from(data).reduce((sum, value) => sum + value, 0) / data.length;
}

describe('augment', () => {
  it('changes nothing when nothing is asked for', () => {
    const image = noise();
    expect(augment(image, augmentConfigSchema.parse({}), randomFrom(1))).toEqual(image);
  });

  it('changes the image by each effect alone, at the same size', () => {
    for (const channels of [1, 3] as const) {
      for (const [name, max] of Object.entries(EFFECTS)) {
        const image = noise(channels);
        const config = augmentConfigSchema.parse({ [name]: { max, probability: 1 } });
        const varied = augment(image, config, randomFrom(1, name));
        expect(varied.data, name).not.toEqual(image.data);
        expect({ ...varied, data: varied.data.length }).toEqual({ ...image, data: image.data.length });
      }
    }
  });

  it('never happens at probability 0', () => {
    const config = augmentConfigSchema.parse({ probability: 0, ...EFFECTS });
    expect(augment(noise(), config, randomFrom(1))).toEqual(noise());
  });

  it('depends on the state of its generator alone', () => {
    const config = augmentConfigSchema.parse({ probability: 0.7, ...EFFECTS });
    const once = augment(noise(3), config, randomFrom(5, 'sample', 1));
    expect(augment(noise(3), config, randomFrom(5, 'sample', 1))).toEqual(once);
    expect(augment(noise(3), config, randomFrom(5, 'sample', 2))).not.toEqual(once);
  });
});

describe('the filters', () => {
  const plane = { ...noise(), data: Float32Array.from(noise().data) };

  it('blur keeps the sum of an image away from the edge, and a flat image as it is', () => {
    const point = { ...plane, data: new Float32Array(plane.data.length) };
    point.data[6 * plane.widthPx + 15] = 100;
    expect(mean(blur(point, 1).data)).toBeCloseTo(mean(point.data), 4);
    const flat = { ...plane, data: new Float32Array(plane.data.length).fill(77) };
    for (const value of blur(flat, 2).data) expect(value).toBeCloseTo(77, 3);
  });

  it('grow takes the darkest or lightest of the neighbours, in the share asked for', () => {
    const darker = grow(plane, Math.min, 1).data;
    const half = grow(plane, Math.min, 0.5).data;
    plane.data.forEach((value, index) => {
      expect(darker[index]!).toBeLessThanOrEqual(value);
      expect(half[index]!).toBeCloseTo((value + darker[index]!) / 2, 3);
    });
  });

  it('warp by the identity gives the image, by a shift of whole pixels the shifted image', () => {
    expect(warp(plane, [1, 0, 0, 0, 1, 0, 0, 0, 1]).data).toEqual(plane.data);
    const shifted = warp(plane, [1, 0, 3, 0, 1, 1, 0, 0, 1]).data;
    for (let y = 0; y < plane.heightPx - 1; y += 1) {
      for (let x = 0; x < plane.widthPx - 3; x += 1) {
        expect(shifted[y * plane.widthPx + x]).toBe(plane.data[(y + 1) * plane.widthPx + x + 3]);
      }
    }
  });
});
