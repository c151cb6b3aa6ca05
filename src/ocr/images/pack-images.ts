import type { Pixels } from './load.js';

/** White after scaling to -1 … 1. */
const WHITE = 1;

/** How images stand side by side in one array. */
export interface Frame {
  /** Of every image. */
  heightPx: number;
  /** Of the array: at least the largest of `filledPx`. */
  widthPx: number;
  channels: 1 | 3;
  /** Up to here each image is filled up with white; at least its own width. */
  filledPx: readonly number[];
}

/**
 * Images as [image, height, width, channels] row-major: pixels scaled to -1 … 1, white on the right up to the image's `filledPx`, 0
 * beyond.
 */
export function packImages(
  images: readonly Pixels[],
  { heightPx, widthPx, channels, filledPx }: Frame,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(images.length * heightPx * widthPx * channels);
  images.forEach((image, item) => {
    const rowIn = image.widthPx * channels;
    const rowFilled = filledPx[item]! * channels;
    for (let y = 0; y < heightPx; y += 1) {
      const start = (item * heightPx + y) * widthPx * channels;
      for (let x = 0; x < rowIn; x += 1) values[start + x] = image.data[y * rowIn + x]! / 127.5 - 1;
      values.fill(WHITE, start + rowIn, start + rowFilled);
    }
  });
  return values;
}
