/** How the rows of an image are moved, each column by itself: what stands in a column stays in it, so that time steps of all views are the same. */
interface View {
  /** Up, in thirty-seconds of the height, whole pixels and one at least. */
  up?: number;
  /** The left end goes down and the right end up by this share of the height. */
  slope?: number;
  /** Rows are spread from the middle by this factor. */
  spread?: number;
}

/** In the order in which they are taken: each pair helps less than the one before. */
const VIEWS: readonly View[] = [
  {},
  { up: 1 },
  { up: -1 },
  { slope: 0.1 },
  { slope: -0.1 },
  { spread: 0.93 },
  { spread: 1.07 },
];

/** Views that an image can be read in, the image as it is among them. */
export const MOST_VIEWS = VIEWS.length;

/** The values of a batch on the host: `values` is row-major [batch, height, width, channels]. */
export interface BatchValues {
  values: Float32Array;
  shape: readonly [number, number, number, number];
  /** Columns that each image fills; those beyond stay as they are. */
  filledPx: readonly number[];
}

/** The values of the first `count` views of a batch after the first of all, which is the batch itself. Rows between two are interpolated, and edges go on. */
export function* otherViews(batch: BatchValues, count: number): Generator<Float32Array> {
  for (const view of VIEWS.slice(1, count)) yield movedRows(batch, view);
}

function movedRows({ values, shape, filledPx }: BatchValues, view: View): Float32Array {
  const [, height, width, channels] = shape;
  const row = width * channels;
  const moved = values.slice();
  filledPx.forEach((filled, item) => {
    const start = item * height * row;
    const rowSeen = rowSeenIn(view, height, filled);
    for (let x = 0; x < filled; x += 1) {
      for (let y = 0; y < height; y += 1) {
        const seen = Math.min(height - 1, Math.max(0, rowSeen(x, y)));
        const above = Math.floor(seen);
        const below = Math.min(height - 1, above + 1);
        const share = seen - above;
        for (let at = start + x * channels; at < start + (x + 1) * channels; at += 1)
          moved[at + y * row] = (1 - share) * values[at + above * row]! + share * values[at + below * row]!;
      }
    }
  });
  return moved;
}

/** Which row of an image a view shows at column x of row y. */
function rowSeenIn(
  { up = 0, slope = 0, spread = 1 }: View,
  height: number,
  width: number,
): (x: number, y: number) => number {
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const shiftPx = up * Math.max(1, Math.round(height / 32));
  const slopePx = (2 * slope * height) / width;
  return (x, y) => middleY + (y - middleY) / spread + shiftPx + slopePx * (x - middleX);
}
