import type { Random } from '../../base/random.js';

/** Mean square of the four weights of a cubic B-spline along one axis, over all places between two grid points. */
const MEAN_SQUARE = 0.4794;

/** A size in pixels. */
interface Size {
  heightPx: number;
  widthPx: number;
}

/**
 * Random numbers that change smoothly over an image, [height, width] row-major: normal numbers at the points of a grid `spacingPx` apart,
 * with a uniform cubic B-spline between them (as free-form deformations are made: Rueckert et al. 1999). Each is about normal, with deviation 1.
 */
export function smoothField({ heightPx, widthPx }: Size, spacingPx: number, random: Random): Float32Array {
  const down = splineAt(heightPx, spacingPx);
  const across = splineAt(widthPx, spacingPx);
  const columns = across.points;
  const grid = Float64Array.from({ length: down.points * columns }, () => random.normal() / MEAN_SQUARE);
  const field = new Float32Array(heightPx * widthPx);
  const line = new Float64Array(columns);
  for (let y = 0; y < heightPx; y += 1) {
    const top = down.first[y]! * columns;
    for (let column = 0; column < columns; column += 1) {
      line[column] = weighted(down.weights, 4 * y, grid, { at: top + column, step: columns });
    }
    for (let x = 0; x < widthPx; x += 1) {
      field[y * widthPx + x] = weighted(across.weights, 4 * x, line, { at: across.first[x]!, step: 1 });
    }
  }
  return field;
}

/** Four values, `step` apart, with four weights. */
function weighted(
  weights: Float64Array,
  from: number,
  values: Float64Array,
  { at, step }: { at: number; step: number },
): number {
  return (
    weights[from]! * values[at]! +
    weights[from + 1]! * values[at + step]! +
    weights[from + 2]! * values[at + 2 * step]! +
    weights[from + 3]! * values[at + 3 * step]!
  );
}

/** For each pixel along one axis: the first of the four grid points around it, and their weights. */
function splineAt(lengthPx: number, spacingPx: number) {
  const first = new Int32Array(lengthPx);
  const weights = new Float64Array(4 * lengthPx);
  for (let pixel = 0; pixel < lengthPx; pixel += 1) {
    const place = pixel / spacingPx;
    first[pixel] = Math.floor(place);
    const t = place - first[pixel]!;
    weights.set(
      [
        (1 - t) ** 3 / 6,
        (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
        (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
        t ** 3 / 6,
      ],
      4 * pixel,
    );
  }
  return { first, weights, points: Math.floor((lengthPx - 1) / spacingPx) + 4 };
}
