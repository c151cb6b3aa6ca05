import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { randomFrom } from '../../../src/base/random.js';
import { augmentConfigSchema } from '../../../src/ocr/images/augment-config.js';
import { augment } from '../../../src/ocr/images/augment.js';
import { changeColours } from '../../../src/ocr/images/colour.js';
import { blur, grow } from '../../../src/ocr/images/filters.js';
import { loseAsJpeg } from '../../../src/ocr/images/jpeg-loss.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { motionBlur } from '../../../src/ocr/images/motion-blur.js';
import { castShadow, stain } from '../../../src/ocr/images/shade.js';
import { smoothField } from '../../../src/ocr/images/smooth-field.js';
import { warp, type Plane } from '../../../src/ocr/images/warp.js';

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

const MORE_EFFECTS = {
  elastic: 0.1,
  background: 0.5,
  shadow: 0.5,
  motionBlur: 5,
  jpeg: 80,
};

const COLOUR_EFFECTS = { hue: 90, saturation: 0.8, gray: 1 };

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
      const effects = { ...EFFECTS, ...MORE_EFFECTS, ...(channels === 3 ? COLOUR_EFFECTS : {}) };
      for (const [name, max] of Object.entries(effects)) {
        const image = noise(channels);
        const config = augmentConfigSchema.parse({ [name]: { max, probability: 1 } });
        const varied = augment(image, config, randomFrom(1, name));
        expect(varied.data, name).not.toEqual(image.data);
        expect({ ...varied, data: varied.data.length }).toEqual({ ...image, data: image.data.length });
      }
    }
  });

  it('never happens at probability 0', () => {
    const config = augmentConfigSchema.parse({
      probability: 0,
      ...EFFECTS,
      ...MORE_EFFECTS,
      ...COLOUR_EFFECTS,
    });
    expect(augment(noise(), config, randomFrom(1))).toEqual(noise());
  });

  it('depends on the state of its generator alone', () => {
    const config = augmentConfigSchema.parse({
      probability: 0.7,
      ...EFFECTS,
      ...MORE_EFFECTS,
      ...COLOUR_EFFECTS,
    });
    const once = augment(noise(3), config, randomFrom(5, 'sample', 1));
    expect(augment(noise(3), config, randomFrom(5, 'sample', 1))).toEqual(once);
    expect(augment(noise(3), config, randomFrom(5, 'sample', 2))).not.toEqual(once);
  });

  it('makes the same of an image as ever, while the effects that came later are off', () => {
    const config = augmentConfigSchema.parse({ probability: 0.6, ...EFFECTS });
    const idOf = (channels: 1 | 3): string => {
      const samples = Array.from({ length: 20 }, (_, sample) => [
        ...augment(noise(channels), config, randomFrom(5, 'sample', sample)).data,
      ]);
      return contentIdOf(Uint8Array.from(samples.flat()));
    };
    // From the version before those effects: models must come out the same.
    expect(idOf(1)).toBe('a9d737b69fbc1c6a767de816e066c1547e5b602df14a58d11e8db5bec3b1fad3');
    expect(idOf(3)).toBe('c4ad2bb180c0106c5f241918785d2d06aea426fdd24ce34d84f6de3f972e6950');
  });

  it('draws the earlier effects as it did when a later one is switched on', () => {
    const without = augmentConfigSchema.parse({ probability: 0.6, ...EFFECTS });
    const never = { max: 50, probability: 0 };
    const withOne = augmentConfigSchema.parse({ probability: 0.6, ...EFFECTS, jpeg: never, hue: never });
    for (let sample = 0; sample < 10; sample += 1) {
      const of = (config: typeof without): Pixels => augment(noise(3), config, randomFrom(sample));
      expect(of(withOne)).toEqual(of(without));
    }
  });

  it('leaves grey images as they are where colours change', () => {
    const config = augmentConfigSchema.parse({ probability: 1, ...COLOUR_EFFECTS });
    expect(augment(noise(1), config, randomFrom(1))).toEqual(noise(1));
  });

  it('draws amounts from the least to the most', () => {
    const config = augmentConfigSchema.parse({ brightness: { min: 20, max: 40, probability: 1 } });
    const grey: Pixels = { data: new Uint8Array(64).fill(128), heightPx: 8, widthPx: 8, channels: 1 };
    const changes = Array.from({ length: 200 }, (_, sample) =>
      Math.abs(augment(grey, config, randomFrom(sample)).data[0]! - 128),
    );
    expect(Math.min(...changes)).toBeGreaterThanOrEqual(20);
    expect(Math.min(...changes)).toBeLessThan(23);
    expect(Math.max(...changes)).toBeGreaterThan(37);
    expect(Math.max(...changes)).toBeLessThanOrEqual(40);
    expect(() => augmentConfigSchema.parse({ blur: { min: 2, max: 1 } })).toThrow(/'min' is more than 'max'/);
  });
});

/** Black letters of a kind on white. */
function bars(channels: 1 | 3): Pixels {
  const [heightPx, widthPx] = [32, 96];
  const data = Uint8Array.from({ length: heightPx * widthPx * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const [x, y] = [pixel % widthPx, Math.floor(pixel / widthPx)];
    const ink = x % 16 < 6 && y > 6 && y < 26 ? 30 + (at % channels) * 60 : 240;
    return ink + Math.round(8 * Math.sin(x / 3 + y / 5));
  });
  return { data, heightPx, widthPx, channels };
}

describe('JPEG', () => {
  it.each([
    [1, 90],
    [1, 50],
    [1, 15],
    [3, 80],
    [3, 30],
  ] as const)('with %d channels and quality %d loses what a real one loses', async (channels, quality) => {
    const { data, heightPx, widthPx } = bars(channels);
    const raw = { width: widthPx, height: heightPx, channels };
    const file = await sharp(data, { raw }).jpeg({ quality, optimiseCoding: false }).toBuffer();
    const decoded = sharp(file).toColourspace(channels === 1 ? 'b-w' : 'srgb');
    const real = await decoded.raw().toBuffer();
    const plane: Plane = { data: Float32Array.from(data), heightPx, widthPx, channels };
    loseAsJpeg(plane, quality);
    const ours = new Uint8ClampedArray(plane.data);
    const apart = (other: ArrayLike<number>): number =>
      mean(Array.from(real, (value, at) => Math.abs(value - other[at]!)));
    // A real one rounds colours and interpolates between halved ones.
    expect(apart(ours)).toBeLessThan(channels === 1 ? 0.3 : 0.35 * apart(data) + 1.2);
    expect(apart(data)).toBeGreaterThan(1);
  });
});

describe('the fields and filters of the later effects', () => {
  it('smooth fields have deviation 1 and change slowly', () => {
    const field = smoothField({ heightPx: 200, widthPx: 300 }, 10, randomFrom(1));
    const square = mean(field.map((value) => value ** 2));
    expect(mean(field)).toBeCloseTo(0, 0);
    expect(square).toBeGreaterThan(0.8);
    expect(square).toBeLessThan(1.2);
    const steps = field
      .slice(1)
      .map((value, at) => ((at + 1) % 300 === 0 ? 0 : Math.abs(value - field[at]!)));
    expect(Math.max(...steps)).toBeLessThan(0.6);
  });

  it('motion along the rows blurs columns and leaves flat rows as they are', () => {
    const { data, heightPx, widthPx } = bars(1);
    const rows = Float32Array.from(data, (_, at) => (Math.floor(at / widthPx) * 37) % 256);
    const plane = { data: rows, heightPx, widthPx, channels: 1 };
    motionBlur(plane, 7, 0).data.forEach((value, at) => {
      expect(value).toBeCloseTo(rows[at]!, 2);
    });
    const point = { ...plane, data: new Float32Array(rows.length) };
    point.data[10 * widthPx + 40] = 70;
    const moved = motionBlur(point, 6, 0).data;
    expect([...moved.subarray(10 * widthPx + 37, 10 * widthPx + 44)]).toEqual(
      Array.from({ length: 7 }, () => expect.closeTo(10, 3) as number),
    );
    expect(mean(moved)).toBeCloseTo(mean(point.data), 5);
  });

  it('hues turn all the way round, grey has none', () => {
    const colours = (): Plane => ({ ...bars(3), data: Float32Array.from(bars(3).data) });
    const turned = colours();
    for (let turn = 0; turn < 4; turn += 1) changeColours(turned, { hue: 90, saturation: 1 });
    colours().data.forEach((value, at) => {
      expect(Math.abs(turned.data[at]! - value)).toBeLessThan(1);
    });
    const grey = colours();
    changeColours(grey, { hue: 0, saturation: 0 });
    for (let at = 0; at < grey.data.length; at += 3) {
      expect(grey.data[at + 1]).toBeCloseTo(grey.data[at]!, 3);
      expect(grey.data[at + 2]).toBeCloseTo(grey.data[at]!, 3);
    }
  });

  it('stains and shadows only take light away, up to their share', () => {
    for (const [effect, seed] of [stain, castShadow].flatMap((each) =>
      [1, 2, 3].map((n) => [each, n] as const),
    )) {
      const white: Plane = { ...bars(3), data: new Float32Array(32 * 96 * 3).fill(200) };
      effect(white, 0.4, randomFrom(seed));
      expect(Math.max(...white.data)).toBeLessThanOrEqual(200);
      expect(Math.min(...white.data)).toBeGreaterThanOrEqual(119.9);
      expect(Math.max(...white.data) - Math.min(...white.data)).toBeGreaterThan(10);
    }
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
