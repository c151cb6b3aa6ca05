import { clamp, type Plane } from './warp.js';

/**
 * What a camera sees that moves by `lengthPx` pixels in the direction `angle` (radians) while its shutter is open: the mean along that
 * way, interpolated between pixels. Beyond the edge the edge's pixels go on.
 */
export function motionBlur(image: Plane, lengthPx: number, angle: number): Plane {
  const taps = Math.ceil(lengthPx) + 1;
  const data = new Float32Array(image.data.length);
  for (let tap = 0; tap < taps; tap += 1) {
    const along = lengthPx * (tap / (taps - 1) - 0.5);
    addShifted(image, data, { x: along * Math.cos(angle), y: along * Math.sin(angle), share: 1 / taps });
  }
  return { ...image, data };
}

/** Adds `share` of the image, moved by (x, y) pixels. */
function addShifted(
  { data, heightPx, widthPx, channels }: Plane,
  out: Float32Array,
  { x, y, share }: { x: number; y: number; share: number },
): void {
  const row = widthPx * channels;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [shareX, shareY] = [x - left, y - top];
  const columns = Int32Array.from(
    { length: widthPx + 1 },
    (_, column) => clamp(column + left, widthPx - 1) * channels,
  );
  for (let at = 0, line = 0; line < heightPx; line += 1) {
    const upper = clamp(line + top, heightPx - 1) * row;
    const lower = clamp(line + top + 1, heightPx - 1) * row;
    for (let column = 0; column < widthPx; column += 1) {
      const here = columns[column]!;
      const next = columns[column + 1]!;
      for (let channel = 0; channel < channels; channel += 1, at += 1) {
        const above = mix(data[upper + here + channel]!, data[upper + next + channel]!, shareX);
        const below = mix(data[lower + here + channel]!, data[lower + next + channel]!, shareX);
        out[at]! += share * mix(above, below, shareY);
      }
    }
  }
}

function mix(a: number, b: number, share: number): number {
  return a + share * (b - a);
}
