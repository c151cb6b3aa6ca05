import type { Random } from '../../base/random.js';
import type { AugmentConfig, Effect } from './augment-config.js';
import { blur, grow } from './filters.js';
import type { Pixels } from './load.js';
import { compose, warp, type Plane, type Projection } from './warp.js';

/** No rotation moves the ends of a line up or down by more than this share of its height. */
const MOST_RISE = 0.2;
/** Noise is drawn from a table of this many normal numbers, read from a random place: many times faster. */
const NOISE_TABLE = 4096;

/**
 * A varied copy of `image`, of the same size. The same image, configuration and state of `random` give the same pixels.
 * Geometry comes first and in one pass, so that the picture is interpolated once.
 */
export function augment(image: Pixels, config: AugmentConfig, random: Random): Pixels {
  const draw = (effect: Effect): number => strength(effect, config.probability, random);
  const signed = (effect: Effect): number => draw(effect) * (random.uniform() < 0.5 ? -1 : 1);
  let plane: Plane = { ...image, data: Float32Array.from(image.data) };
  const projection = drawProjection(plane, config, signed);
  if (projection !== undefined) plane = warp(plane, projection);
  const stroke = draw(config.stroke);
  if (stroke > 0) plane = grow(plane, random.uniform() < 0.5 ? Math.min : Math.max, stroke);
  const sigma = draw(config.blur);
  if (sigma > 0.2) plane = blur(plane, sigma);
  changeTone(plane.data, 1 + signed(config.contrast), signed(config.brightness));
  const side = draw(config.cutout);
  if (side > 0) cutOut(plane, side, random);
  const noise = draw(config.noise);
  if (noise > 0) addNoise(plane.data, noise, random);
  return { ...image, data: Uint8Array.from(new Uint8ClampedArray(plane.data)) };
}

/** 0 when the effect is not drawn, else evenly up to its most. Always draws two numbers: later draws stay in step. */
function strength(effect: Effect, common: number, random: Random): number {
  const { max, probability } = typeof effect === 'number' ? { max: effect, probability: common } : effect;
  const drawn = random.uniform() < probability;
  const amount = max * random.uniform();
  return drawn ? amount : 0;
}

function drawProjection(
  { heightPx, widthPx }: Plane,
  config: AugmentConfig,
  signed: (effect: Effect) => number,
): Projection | undefined {
  const steepest = Math.atan2(2 * MOST_RISE * heightPx, widthPx);
  const degrees = signed(config.rotate);
  const angle = Math.sign(degrees) * Math.min(Math.abs((degrees * Math.PI) / 180), steepest);
  const shear = signed(config.shear);
  const scaleX = 1 + signed(config.scale);
  const scaleY = 1 + signed(config.scale);
  const shiftX = signed(config.shift) * heightPx;
  const shiftY = signed(config.shift) * heightPx;
  const tiltX = signed(config.perspective) / widthPx;
  const tiltY = signed(config.perspective) / heightPx;
  const still = [angle, shear, scaleX - 1, scaleY - 1, shiftX, shiftY, tiltX, tiltY].every((x) => x === 0);
  if (still) return undefined;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const rotation: Projection = [cos, -sin, 0, sin, cos, 0, 0, 0, 1];
  const skew: Projection = [scaleX, shear, shiftX, 0, scaleY, shiftY, 0, 0, 1];
  const perspective: Projection = [1, 0, 0, 0, 1, 0, tiltX, tiltY, 1];
  return compose(compose(rotation, skew), perspective);
}

/** Contrast around the middle grey, then brightness. */
function changeTone(data: Float32Array, contrast: number, brightness: number): void {
  if (contrast === 1 && brightness === 0) return;
  for (let index = 0; index < data.length; index += 1) {
    data[index] = (data[index]! - 128) * contrast + 128 + brightness;
  }
}

function cutOut({ data, heightPx, widthPx, channels }: Plane, side: number, random: Random): void {
  const height = Math.max(1, Math.round(side * heightPx * random.between(0.5, 1)));
  const width = Math.min(widthPx, Math.max(1, Math.round(side * heightPx * random.between(0.5, 1))));
  const top = random.below(heightPx - height + 1);
  const left = random.below(widthPx - width + 1);
  const grey = random.below(256);
  for (let row = top; row < top + height; row += 1) {
    const start = (row * widthPx + left) * channels;
    data.fill(grey, start, start + width * channels);
  }
}

function addNoise(data: Float32Array, deviation: number, random: Random): void {
  const table = Float32Array.from({ length: Math.min(NOISE_TABLE, data.length) }, () => random.normal());
  for (let start = 0; start < data.length; start += 64) {
    const from = random.below(table.length);
    const end = Math.min(data.length, start + 64);
    for (let index = start; index < end; index += 1) {
      data[index]! += deviation * table[(from + index - start) % table.length]!;
    }
  }
}
