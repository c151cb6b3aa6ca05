import type { Random } from '../../base/random.js';
import { smoothField } from './smooth-field.js';
import type { Plane } from './warp.js';

/** Paper that is stained and unevenly lit: up to `most` of the light is missing in places, of each colour somewhat differently. */
export function stain(image: Plane, most: number, random: Random): void {
  const { data, heightPx, channels } = image;
  const field = smoothField(image, heightPx * random.between(0.5, 2), random);
  const tints = Array.from({ length: channels }, () => most * (channels === 1 ? 1 : random.between(0.6, 1)));
  field.forEach((value, pixel) => {
    const depth = Math.min(1, Math.max(0, 0.5 + value / 3));
    for (let channel = 0; channel < channels; channel += 1) {
      data[pixel * channels + channel]! *= 1 - depth * tints[channel]!;
    }
  });
}

/** The shadow of something with a straight edge, which takes the share `depth` of the light from one side of a line. */
export function castShadow(image: Plane, depth: number, random: Random): void {
  const { data, heightPx, widthPx, channels } = image;
  const angle = random.between(0, 2 * Math.PI);
  const [alongX, alongY] = [Math.cos(angle), Math.sin(angle)];
  const [edgeX, edgeY] = [random.between(0.1, 0.9) * widthPx, random.between(0.1, 0.9) * heightPx];
  const softnessPx = heightPx * random.between(0.05, 0.5);
  for (let y = 0, at = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const beyondPx = (x - edgeX) * alongX + (y - edgeY) * alongY;
      const light = 1 - depth * smoothStep(beyondPx / softnessPx + 0.5);
      for (const end = at + channels; at < end; at += 1) data[at]! *= light;
    }
  }
}

/** 0 up to 0, 1 from 1, smooth between. */
function smoothStep(value: number): number {
  const t = Math.min(1, Math.max(0, value));
  return t * t * (3 - 2 * t);
}
