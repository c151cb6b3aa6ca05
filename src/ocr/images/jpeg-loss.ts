import type { Plane } from './warp.js';

/** Tables K.1 and K.2 of ITU-T T.81 (1992): how coarsely each frequency is kept at quality 50. */
// prettier-ignore
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
] as const;
// prettier-ignore
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
] as const;

const SIDE = 8;
/** COSINES[u * 8 + x]: the orthonormal discrete cosine transform (Ahmed, Natarajan and Rao 1974). */
const COSINES = Float64Array.from({ length: SIDE * SIDE }, (_, at) => {
  const [u, x] = [Math.floor(at / SIDE), at % SIDE];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/**
 * What JPEG of a quality (1 to 100, counted as libjpeg does) leaves of an image, in place; colours at half the size, as they mostly are. Its own arithmetic and not a
 * library's: the same seed gives the same pixels with every version of it.
 */
export function loseAsJpeg(image: Plane, quality: number): void {
  if (image.channels === 1) {
    quantise(image, scaled(LUMA, quality));
    return;
  }
  const parts = toYcc(image);
  quantise(parts.luma, scaled(LUMA, quality));
  for (const colour of [parts.blue, parts.red]) quantise(colour, scaled(CHROMA, quality));
  fromYcc(image, parts);
}

function scaled(table: readonly number[], quality: number): Float64Array {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Float64Array.from(table, (step) =>
    Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))),
  );
}

/** Every block of 8 x 8 through the transform, rounded to the steps of `table`, and back. At the edge the last pixels go on. */
function quantise({ data, heightPx, widthPx }: Plane, table: Float64Array): void {
  const block = new Float64Array(SIDE * SIDE);
  const half = new Float64Array(SIDE * SIDE);
  for (let top = 0; top < heightPx; top += SIDE) {
    for (let left = 0; left < widthPx; left += SIDE) {
      for (let at = 0; at < block.length; at += 1) {
        const y = Math.min(heightPx - 1, top + (at >> 3));
        const x = Math.min(widthPx - 1, left + (at & 7));
        block[at] = Math.min(255, Math.max(0, data[y * widthPx + x]!)) - 128;
      }
      roundInFrequencies(block, half, table);
      const rows = Math.min(SIDE, heightPx - top);
      const columns = Math.min(SIDE, widthPx - left);
      for (let y = 0; y < rows; y += 1) {
        for (let x = 0; x < columns; x += 1) {
          data[(top + y) * widthPx + left + x] = block[y * SIDE + x]! + 128;
        }
      }
    }
  }
}

function roundInFrequencies(block: Float64Array, half: Float64Array, table: Float64Array): void {
  forward(block, half);
  forward(half, block);
  for (let at = 0; at < block.length; at += 1) block[at] = Math.round(block[at]! / table[at]!) * table[at]!;
  backward(block, half);
  backward(half, block);
}

/** The transform of each row, as a column: done twice it is that of both axes. */
function forward(from: Float64Array, to: Float64Array): void {
  for (let row = 0; row < SIDE; row += 1) {
    for (let u = 0; u < SIDE; u += 1) {
      let sum = 0;
      for (let x = 0; x < SIDE; x += 1) sum += COSINES[u * SIDE + x]! * from[row * SIDE + x]!;
      to[u * SIDE + row] = sum;
    }
  }
}

function backward(from: Float64Array, to: Float64Array): void {
  for (let row = 0; row < SIDE; row += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      let sum = 0;
      for (let u = 0; u < SIDE; u += 1) sum += COSINES[u * SIDE + x]! * from[row * SIDE + u]!;
      to[x * SIDE + row] = sum;
    }
  }
}

interface Ycc {
  luma: Plane;
  /** At half the height and width. */
  blue: Plane;
  red: Plane;
}

/** Luma and colours as JFIF has them (ITU-R BT.601, full range); each colour is the mean of two by two pixels. */
function toYcc({ data, heightPx, widthPx }: Plane): Ycc {
  const luma: Plane = { data: new Float32Array(heightPx * widthPx), heightPx, widthPx, channels: 1 };
  const small = { heightPx: Math.ceil(heightPx / 2), widthPx: Math.ceil(widthPx / 2), channels: 1 };
  const blue: Plane = { ...small, data: new Float32Array(small.heightPx * small.widthPx) };
  const red: Plane = { ...blue, data: new Float32Array(blue.data.length) };
  const counts = new Uint8Array(blue.data.length);
  for (let pixel = 0; pixel < luma.data.length; pixel += 1) {
    const [r, g, b] = [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!];
    const y = 0.299 * r + 0.587 * g + 0.114 * b;
    const at = colourAt(pixel, widthPx, small.widthPx);
    luma.data[pixel] = y;
    blue.data[at]! += 0.564334 * (b - y);
    red.data[at]! += 0.713267 * (r - y);
    counts[at]! += 1;
  }
  for (const { data: colour } of [blue, red]) {
    for (let at = 0; at < colour.length; at += 1) colour[at] = colour[at]! / counts[at]! + 128;
  }
  return { luma, blue, red };
}

function colourAt(pixel: number, widthPx: number, colourWidthPx: number): number {
  const y = Math.floor(pixel / widthPx);
  return (y >> 1) * colourWidthPx + ((pixel - y * widthPx) >> 1);
}

function fromYcc({ data, widthPx }: Plane, { luma, blue, red }: Ycc): void {
  for (let pixel = 0; pixel < luma.data.length; pixel += 1) {
    const y = luma.data[pixel]!;
    const at = colourAt(pixel, widthPx, blue.widthPx);
    const [b, r] = [blue.data[at]! - 128, red.data[at]! - 128];
    data[3 * pixel] = y + 1.402 * r;
    data[3 * pixel + 1] = y - 0.344136 * b - 0.714136 * r;
    data[3 * pixel + 2] = y + 1.772 * b;
  }
}
