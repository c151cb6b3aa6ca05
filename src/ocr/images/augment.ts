import { randomFrom, type Random } from '../../base/random.js';
import type { AugmentConfig, Effect } from './augment-config.js';
import { changeColours } from './colour.js';
import { blur, grow } from './filters.js';
import { loseAsJpeg } from './jpeg-loss.js';
import type { Pixels } from './load.js';
import { motionBlur } from './motion-blur.js';
import { castShadow, stain } from './shade.js';
import { smoothField } from './smooth-field.js';
import { compose, IDENTITY, warp, type Bend, type Plane, type Projection } from './warp.js';

/** No rotation moves the ends of a line up or down by more than this share of its height. */
const MOST_RISE = 0.2;
/** Noise is drawn from a table of this many normal numbers, read from a random place: many times faster. */
const NOISE_TABLE = 4096;

/**
 * A varied copy of `image`, of the same size. The same image, configuration and state of `random` give the same pixels.
 * Geometry comes first and in one pass, so that the picture is interpolated once; then what happens to ink and paper, in the lens, in the sensor, and in the file.
 */
export function augment(image: Pixels, config: AugmentConfig, random: Random): Pixels {
  const draw = (effect: Effect): number => strength(effect, config.probability, random);
  const signed = (effect: Effect): number => draw(effect) * (random.uniform() < 0.5 ? -1 : 1);
  let plane: Plane = { ...image, data: Float32Array.from(image.data) };
  const extra = drawExtra(plane, config, random);
  const projection = drawProjection(plane, config, signed);
  if (projection ?? extra.bend) plane = warp(plane, projection ?? IDENTITY, extra.bend);
  const stroke = draw(config.stroke);
  if (stroke > 0) plane = grow(plane, random.uniform() < 0.5 ? Math.min : Math.max, stroke);
  extra.light(plane);
  const sigma = draw(config.blur);
  if (sigma > 0.2) plane = blur(plane, sigma);
  plane = extra.move(plane);
  changeTone(plane.data, 1 + signed(config.contrast), signed(config.brightness));
  extra.colour(plane);
  const side = draw(config.cutout);
  if (side > 0) cutOut(plane, side, random);
  const noise = draw(config.noise);
  if (noise > 0) addNoise(plane.data, noise, random);
  extra.store(plane);
  return { ...image, data: Uint8Array.from(new Uint8ClampedArray(plane.data)) };
}

/** Effects that have random numbers of their own, so that switching one on changes nothing in what the others draw. */
interface Extra {
  bend: Bend | undefined;
  light: (plane: Plane) => void;
  move: (plane: Plane) => Plane;
  colour: (plane: Plane) => void;
  store: (plane: Plane) => void;
}

/** Takes nothing from `random`: what it would draw next names the streams. */
function drawExtra(plane: Plane, config: AugmentConfig, random: Random): Extra {
  const state = random.state();
  const begin = (name: 'elastic' | 'background' | 'shadow' | 'motionBlur' | 'colour' | 'jpeg') =>
    randomFrom(name, ...state);
  const amount = (effect: Effect, from: Random): number => strength(effect, config.probability, from);
  return {
    bend: isOff(config.elastic)
      ? undefined
      : drawBend(plane, begin('elastic'), (of) => amount(config.elastic, of)),
    light(lit) {
      for (const [name, effect] of [
        ['background', stain],
        ['shadow', castShadow],
      ] as const) {
        if (isOff(config[name])) continue;
        const own = begin(name);
        const depth = amount(config[name], own);
        if (depth > 0) effect(lit, depth, own);
      }
    },
    move(still) {
      if (isOff(config.motionBlur)) return still;
      const own = begin('motionBlur');
      const lengthPx = amount(config.motionBlur, own);
      return lengthPx > 0.2 ? motionBlur(still, lengthPx, own.between(0, Math.PI)) : still;
    },
    colour(coloured) {
      if (coloured.channels !== 3 || [config.hue, config.saturation, config.gray].every(isOff)) return;
      const own = begin('colour');
      const sign = (): number => (own.uniform() < 0.5 ? -1 : 1);
      const hue = amount(config.hue, own) * sign();
      const saturation = 1 + amount(config.saturation, own) * sign();
      changeColours(coloured, { hue, saturation: saturation * (1 - amount(config.gray, own)) });
    },
    store(stored) {
      if (isOff(config.jpeg)) return;
      const loss = amount(config.jpeg, begin('jpeg'));
      if (loss > 0) loseAsJpeg(stored, Math.round(100 - loss));
    },
  };
}

/** True for an effect that nothing is drawn for. */
function isOff(effect: Effect): boolean {
  return typeof effect === 'number' ? effect === 0 : effect.max === 0;
}

/** Parts as large as a third to the whole of the height are displaced against each other. */
function drawBend(plane: Plane, random: Random, amount: (random: Random) => number): Bend | undefined {
  const distancePx = amount(random) * plane.heightPx;
  if (distancePx === 0) return undefined;
  const spacingPx = Math.max(4, plane.heightPx * random.between(0.33, 1));
  const along = (): Float32Array => {
    const field = smoothField(plane, spacingPx, random);
    return field.map((value) => value * distancePx);
  };
  return { x: along(), y: along() };
}

/** 0 when the effect is not drawn, else evenly from its least to its most. Always draws two numbers: later draws stay in step. */
function strength(effect: Effect, common: number, random: Random): number {
  const { max, min = 0, probability = common } = typeof effect === 'number' ? { max: effect } : effect;
  const drawn = random.uniform() < probability;
  const amount = min + (max - min) * random.uniform();
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
