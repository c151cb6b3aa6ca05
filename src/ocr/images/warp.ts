/** Samples as they are worked on: [height, width, channels] row-major, 0 to 255. */
export interface Plane {
  data: Float32Array;
  heightPx: number;
  widthPx: number;
  channels: number;
}

/**
 * A projective map of the plane, row-major 3x3: (x, y) goes to ((a x + b y + c) / (g x + h y + i), …), in pixels from
 * the middle of the image.
 */
export type Projection = readonly [number, number, number, number, number, number, number, number, number];

/** How far each pixel is displaced, in pixels: [height, width] row-major. */
export interface Bend {
  x: Float32Array;
  y: Float32Array;
}

/**
 * The image whose pixel p shows what stood at `projection`(p), displaced by `bend` at p, interpolated between the four pixels around;
 * beyond the edge the edge's pixels go on.
 */
export function warp(image: Plane, projection: Projection, bend?: Bend): Plane {
  const { data, heightPx, widthPx, channels } = image;
  const [a, b, c, d, e, f, g, h, i] = projection;
  const out = new Float32Array(data.length);
  const midX = (widthPx - 1) / 2;
  const midY = (heightPx - 1) / 2;
  let target = 0;
  for (let row = 0; row < heightPx; row += 1) {
    const y = row - midY;
    for (let column = 0; column < widthPx; column += 1) {
      const x = column - midX;
      const depth = g * x + h * y + i;
      const at = row * widthPx + column;
      const fromX = clamp((a * x + b * y + c) / depth + midX + (bend ? bend.x[at]! : 0), widthPx - 1);
      const fromY = clamp((d * x + e * y + f) / depth + midY + (bend ? bend.y[at]! : 0), heightPx - 1);
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const shareX = fromX - left;
      const shareY = fromY - top;
      const stepX = left < widthPx - 1 ? channels : 0;
      const stepY = top < heightPx - 1 ? widthPx * channels : 0;
      const from = (top * widthPx + left) * channels;
      for (let channel = from; channel < from + channels; channel += 1) {
        const upper = data[channel]! + shareX * (data[channel + stepX]! - data[channel]!);
        const below = channel + stepY;
        const lower = data[below]! + shareX * (data[below + stepX]! - data[below]!);
        out[target] = upper + shareY * (lower - upper);
        target += 1;
      }
    }
  }
  return { ...image, data: out };
}

/** `value`, or the nearer end of 0 … `most`. */
export function clamp(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value;
}

/** Leaves everything where it is. */
export const IDENTITY: Projection = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** First `second`, then `first`: their matrix product. */
export function compose(first: Projection, second: Projection): Projection {
  const product: number[] = [];
  for (let row = 0; row < 3; row += 1) {
    for (let column = 0; column < 3; column += 1) {
      let sum = 0;
      for (let inner = 0; inner < 3; inner += 1) sum += first[row * 3 + inner]! * second[inner * 3 + column]!;
      product.push(sum);
    }
  }
  return product as unknown as Projection;
}
