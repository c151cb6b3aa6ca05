/**
 * Convolution of each channel with a filter of its own, stride 1: x [batch, height, width, channels],
 * filter [filterHeight, filterWidth, channels]. Pointers in bytes, sizes in floats.
 */
import { madd, splat, zeroFloats, addFloats } from './simd';

/**
 * `padTop`, `padLeft`: rows and columns of zeros before the image. `turned` takes the filter turned by half a circle: with the
 * padding left over on the other sides that is the gradient of the input.
 */
export function depthwiseForward(
  x: usize, filter: usize, out: usize, batch: usize, height: usize, width: usize, channels: usize,
  filterHeight: usize, filterWidth: usize, outHeight: usize, outWidth: usize, padTop: usize, padLeft: usize, turned: bool,
): void {
  const pixel = channels << 2;
  const taps = filterHeight * filterWidth;
  const firstTap = turned ? filter + (taps - 1) * pixel : filter;
  // Columns whose windows lie within the image.
  const innerEnd = width + padLeft >= filterWidth ? min<usize>(outWidth, width + padLeft - filterWidth + 1) : 0;
  for (let image: usize = 0; image < batch; image++) {
    for (let i: usize = 0; i < outHeight; i++) {
      const top = max<isize>(0, <isize>padTop - <isize>i);
      const bottom = min<isize>(<isize>filterHeight, <isize>(height + padTop) - <isize>i);
      const row = x + (image * height + i) * width * pixel - padTop * width * pixel;
      const to = out + (image * outHeight + i) * outWidth * pixel;
      let j: usize = 0;
      for (; j < min<usize>(padLeft, outWidth); j++)
        edgePixel(row, firstTap, to + j * pixel, j, width, channels, top, bottom, filterWidth, padLeft, turned);
      for (; j + 4 <= innerEnd; j += 4)
        fourPixels(row + (j - padLeft) * pixel, firstTap, to + j * pixel, width, channels, top, bottom, filterWidth, turned);
      for (; j < outWidth; j++)
        edgePixel(row, firstTap, to + j * pixel, j, width, channels, top, bottom, filterWidth, padLeft, turned);
    }
  }
}

/** Four neighbours whose windows lie within the image: each filter value is loaded once for all four. */
function fourPixels(
  from: usize, firstTap: usize, to: usize, width: usize, channels: usize, top: isize, bottom: isize, filterWidth: usize, turned: bool,
): void {
  const pixel = channels << 2;
  const step: isize = turned ? -(<isize>pixel) : <isize>pixel;
  const wide = pixel & ~15;
  let c: usize = 0;
  for (; c < wide; c += 16) {
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    for (let p = top; p < bottom; p++) {
      let at = from + <usize>p * width * pixel + c;
      let tap = <usize>(<isize>firstTap + p * <isize>filterWidth * step) + c;
      for (let q: usize = 0; q < filterWidth; q++, at += pixel, tap = <usize>(<isize>tap + step)) {
        const f = v128.load(tap);
        s0 = madd(f, v128.load(at), s0);
        s1 = madd(f, v128.load(at + pixel), s1);
        s2 = madd(f, v128.load(at + 2 * pixel), s2);
        s3 = madd(f, v128.load(at + 3 * pixel), s3);
      }
    }
    v128.store(to + c, s0);
    v128.store(to + pixel + c, s1);
    v128.store(to + 2 * pixel + c, s2);
    v128.store(to + 3 * pixel + c, s3);
  }
  for (; c < pixel; c += 4) {
    for (let k: usize = 0; k < 4; k++) {
      let sum: f32 = 0;
      for (let p = top; p < bottom; p++) {
        let at = from + (<usize>p * width + k) * pixel + c;
        let tap = <usize>(<isize>firstTap + p * <isize>filterWidth * step) + c;
        for (let q: usize = 0; q < filterWidth; q++, at += pixel, tap = <usize>(<isize>tap + step)) sum += load<f32>(tap) * load<f32>(at);
      }
      store<f32>(to + k * pixel + c, sum);
    }
  }
}

/** One pixel, of whose window only what lies within the image counts. */
function edgePixel(
  row: usize, firstTap: usize, to: usize, j: usize, width: usize, channels: usize,
  top: isize, bottom: isize, filterWidth: usize, padLeft: usize, turned: bool,
): void {
  const pixel = channels << 2;
  const step: isize = turned ? -(<isize>pixel) : <isize>pixel;
  const left = j < padLeft ? padLeft - j : 0;
  const right = min<isize>(<isize>filterWidth, <isize>(width + padLeft) - <isize>j);
  const wide = pixel & ~15;
  let c: usize = 0;
  for (; c < pixel; c += c < wide ? 16 : 4) {
    let sums = splat(0);
    let sum: f32 = 0;
    for (let p = top; p < bottom; p++) {
      for (let q = <isize>left; q < right; q++) {
        const at = row + (<usize>p * width + j + <usize>q - padLeft) * pixel + c;
        const tap = <usize>(<isize>firstTap + (p * <isize>filterWidth + q) * step) + c;
        if (c < wide) sums = madd(v128.load(tap), v128.load(at), sums);
        else sum += load<f32>(tap) * load<f32>(at);
      }
    }
    if (c < wide) v128.store(to + c, sums);
    else store<f32>(to + c, sum);
  }
}

/** dfilter [filterHeight, filterWidth, channels] for dy [batch, outHeight, outWidth, channels]; `partial` holds channels floats. */
export function depthwiseFilterGradient(
  x: usize, dy: usize, dfilter: usize, partial: usize, batch: usize, height: usize, width: usize, channels: usize,
  filterHeight: usize, filterWidth: usize, outHeight: usize, outWidth: usize, padTop: usize, padLeft: usize,
): void {
  const pixel = channels << 2;
  zeroFloats(dfilter, filterHeight * filterWidth * channels);
  for (let image: usize = 0; image < batch; image++) {
    for (let i: usize = 0; i < outHeight; i++) {
      const dRow = dy + (image * outHeight + i) * outWidth * pixel;
      for (let p: usize = 0; p < filterHeight; p++) {
        if (i + p < padTop || i + p >= height + padTop) continue;
        const row = x + (image * height + i + p - padTop) * width * pixel;
        for (let q: usize = 0; q < filterWidth; q++) {
          const start = q < padLeft ? padLeft - q : 0;
          if (width + padLeft <= q) continue;
          const end = min<usize>(outWidth, width + padLeft - q);
          if (start >= end) continue;
          sumProducts(row + (start + q - padLeft) * pixel, dRow + start * pixel, partial, end - start, channels);
          addFloats(dfilter + (p * filterWidth + q) * pixel, partial, channels);
        }
      }
    }
  }
}

/** sums [channels] = the sums over rows of a ∘ b, both [rows, channels]. */
function sumProducts(a: usize, b: usize, sums: usize, rows: usize, channels: usize): void {
  const pixel = channels << 2;
  let c: usize = 0;
  for (; c + 64 <= pixel; c += 64) {
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    let at = a + c, other = b + c;
    for (let row: usize = 0; row < rows; row++, at += pixel, other += pixel) {
      s0 = madd(v128.load(at), v128.load(other), s0);
      s1 = madd(v128.load(at, 16), v128.load(other, 16), s1);
      s2 = madd(v128.load(at, 32), v128.load(other, 32), s2);
      s3 = madd(v128.load(at, 48), v128.load(other, 48), s3);
    }
    v128.store(sums + c, s0);
    v128.store(sums + c, s1, 16);
    v128.store(sums + c, s2, 32);
    v128.store(sums + c, s3, 48);
  }
  for (; c < pixel; c += 4) {
    let sum: f32 = 0;
    for (let row: usize = 0; row < rows; row++) sum += load<f32>(a + row * pixel + c) * load<f32>(b + row * pixel + c);
    store<f32>(sums + c, sum);
  }
}
