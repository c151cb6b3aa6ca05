/**
 * Convolution with stride 1 and filters of any size as a product of gathered patches with the packed filter, for the shapes
 * that Winograd's method does not suit. Images are [height, width, channels]; pointers in bytes, sizes in floats.
 */
import { multiplyPacked, packColumns, packedSize } from './gemm';
import { copyFloats, splat, zeroFloats } from './simd';

/** Output pixels whose patches are gathered together. */
const FORWARD_PIXELS: usize = 64;
const BACKWARD_PIXELS: usize = 128;

/** Bytes of a filter that `convolutionFilter` has packed, and as many again that it works in. */
export function convolutionFilterBytes(filterHeight: usize, filterWidth: usize, inChannels: usize, outChannels: usize): usize {
  return (2 * packedSize(filterHeight * filterWidth * inChannels, outChannels)) << 2;
}

/** Bytes that `convolutionForward` needs as working memory. */
export function convolutionForwardBytes(filterHeight: usize, filterWidth: usize, inChannels: usize): usize {
  return (FORWARD_PIXELS * filterHeight * filterWidth * inChannels) << 2;
}

/** Bytes that `convolutionFilterGradient` needs as working memory. */
export function convolutionFilterGradientBytes(filterHeight: usize, filterWidth: usize, inChannels: usize, outChannels: usize): usize {
  return (BACKWARD_PIXELS * filterHeight * filterWidth * inChannels + packedSize(BACKWARD_PIXELS, outChannels)) << 2;
}

/** Blocks of pixels of one image: what the ranges of `convolutionForward` count. */
export function convolutionForwardBlocks(outHeight: usize, outWidth: usize): usize {
  return (outHeight * outWidth + FORWARD_PIXELS - 1) / FORWARD_PIXELS;
}

/** Blocks of pixels of one image: what the ranges of `convolutionFilterGradient` count. */
export function convolutionFilterGradientBlocks(outHeight: usize, outWidth: usize): usize {
  return (outHeight * outWidth + BACKWARD_PIXELS - 1) / BACKWARD_PIXELS;
}

/**
 * Packs a filter for `convolutionForward`: [filterHeight, filterWidth, inChannels, outChannels], or with `transposed`
 * [filterHeight, filterWidth, outChannels, inChannels], which is turned by 180 degrees.
 */
export function convolutionFilter(
  filter: usize, packed: usize, filterHeight: usize, filterWidth: usize, inChannels: usize, outChannels: usize, transposed: bool,
): void {
  const depth = filterHeight * filterWidth * inChannels;
  let weights = filter;
  if (transposed) {
    weights = packed + (packedSize(depth, outChannels) << 2);
    turnFilter(filter, weights, filterHeight * filterWidth, inChannels, outChannels);
  }
  packColumns(weights, outChannels, 1, depth, outChannels, packed);
}

/**
 * The blocks `firstBlock` to before `endBlock` of out [batch, outHeight, outWidth, outChannels] = x ∗ filter (+ bias) (then
 * max(0, ·)). `packed` is the filter as `convolutionFilter` packed it. `bias` 0: none.
 */
export function convolutionForward(
  x: usize, packed: usize, bias: usize, out: usize, height: usize, width: usize, inChannels: usize,
  filterHeight: usize, filterWidth: usize, outHeight: usize, outWidth: usize, outChannels: usize,
  padTop: isize, padLeft: isize, relu: bool, firstBlock: usize, endBlock: usize, scratch: usize,
): void {
  const depth = filterHeight * filterWidth * inChannels;
  const pixels = outHeight * outWidth, blocks = convolutionForwardBlocks(outHeight, outWidth);
  for (let block = firstBlock; block < endBlock; block++) {
    const image = block / blocks, start = (block % blocks) * FORWARD_PIXELS;
    const count = min<usize>(FORWARD_PIXELS, pixels - start);
    gatherPatches(x + ((image * height * width * inChannels) << 2), scratch, height, width, inChannels, filterHeight, filterWidth, outWidth,
      start, count, padTop, padLeft);
    const to = out + (((image * pixels + start) * outChannels) << 2);
    multiplyPacked(scratch, depth, 1, packed, to, outChannels, count, depth, outChannels, false);
    if (bias != 0 || relu) shiftAndRectify(to, bias, count, outChannels, relu);
  }
}

/**
 * What the blocks `firstBlock` to before `endBlock` give to filterGradient [filterHeight, filterWidth, inChannels, outChannels] of a
 * convolution with input x and output gradient dy.
 */
export function convolutionFilterGradient(
  x: usize, dy: usize, filterGradient: usize, height: usize, width: usize, inChannels: usize,
  filterHeight: usize, filterWidth: usize, outHeight: usize, outWidth: usize, outChannels: usize,
  padTop: isize, padLeft: isize, firstBlock: usize, endBlock: usize, scratch: usize,
): void {
  const depth = filterHeight * filterWidth * inChannels;
  const packed = scratch + ((BACKWARD_PIXELS * depth) << 2);
  const pixels = outHeight * outWidth, blocks = convolutionFilterGradientBlocks(outHeight, outWidth);
  for (let block = firstBlock; block < endBlock; block++) {
    const image = block / blocks, start = (block % blocks) * BACKWARD_PIXELS;
    const count = min<usize>(BACKWARD_PIXELS, pixels - start);
    gatherPatches(x + ((image * height * width * inChannels) << 2), scratch, height, width, inChannels, filterHeight, filterWidth, outWidth,
      start, count, padTop, padLeft);
    packColumns(dy + (((image * pixels + start) * outChannels) << 2), outChannels, 1, count, outChannels, packed);
    multiplyPacked(scratch, 1, depth, packed, filterGradient, outChannels, depth, count, outChannels, block > firstBlock);
  }
}

/** [positions, outChannels, inChannels] turned by 180 degrees and transposed to [positions, inChannels, outChannels]. */
function turnFilter(filter: usize, turned: usize, positions: usize, inChannels: usize, outChannels: usize): void {
  const size = inChannels * outChannels;
  for (let position: usize = 0; position < positions; position++) {
    const from = filter + ((position * size) << 2);
    const to = turned + (((positions - 1 - position) * size) << 2);
    for (let i: usize = 0; i < inChannels; i++)
      for (let o: usize = 0; o < outChannels; o++)
        store<f32>(to + ((i * outChannels + o) << 2), load<f32>(from + ((o * inChannels + i) << 2)));
  }
}

/** Writes one row [filterHeight, filterWidth, channels] for each of `count` output pixels from `start` on. */
function gatherPatches(
  image: usize, patches: usize, height: usize, width: usize, channels: usize, filterHeight: usize, filterWidth: usize,
  outWidth: usize, start: usize, count: usize, padTop: isize, padLeft: isize,
): void {
  let to = patches;
  const rowFloats = filterWidth * channels;
  for (let i: usize = 0; i < count; i++) {
    const top = <isize>((start + i) / outWidth) - padTop;
    const left = <isize>((start + i) % outWidth) - padLeft;
    for (let row: isize = 0; row < <isize>filterHeight; row++) {
      const y = top + row;
      if (y < 0 || y >= <isize>height) zeroFloats(to, rowFloats);
      else gatherRow(image + ((<usize>y * width * channels) << 2), to, width, channels, filterWidth, left);
      to += rowFloats << 2;
    }
  }
}

/** One row of a patch: the pixels from `left` on, zeros outside of the image. */
@inline
function gatherRow(row: usize, to: usize, width: usize, channels: usize, filterWidth: usize, left: isize): void {
  const before = <usize>min<isize>(<isize>filterWidth, max<isize>(0, -left));
  const end = <usize>max<isize>(<isize>before, min<isize>(<isize>filterWidth, <isize>width - left));
  if (before > 0) zeroFloats(to, before * channels);
  copyFloats(to + ((before * channels) << 2), row + <usize>((left + <isize>before) * <isize>(channels << 2)), (end - before) * channels);
  if (end < filterWidth) zeroFloats(to + ((end * channels) << 2), (filterWidth - end) * channels);
}

/** values [rows, channels] += bias, then max(0, ·) when `relu`. */
export function shiftAndRectify(values: usize, bias: usize, rows: usize, channels: usize, relu: bool): void {
  for (let row: usize = 0; row < rows; row++) {
    let at = values + ((row * channels) << 2);
    let c: usize = 0;
    for (; c + 4 <= channels; c += 4, at += 16) {
      let value = v128.load(at);
      if (bias != 0) value = f32x4.add(value, v128.load(bias + (c << 2)));
      if (relu) value = f32x4.max(value, splat(0));
      v128.store(at, value);
    }
    for (; c < channels; c++, at += 4) {
      let value = load<f32>(at);
      if (bias != 0) value += load<f32>(bias + (c << 2));
      store<f32>(at, relu ? max<f32>(value, 0) : value);
    }
  }
}
