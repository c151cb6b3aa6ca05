/**
 * Batch normalisation over images [batch, height, width, channels], with an own count of columns for each image: what stands
 * beyond it counts in no average and becomes 0. Pointers in bytes, sizes in floats.
 */
import { madd, splat, zeroFloats } from './simd';

/** Rows that one partial sum covers, so that float32 rounding stays that of a short sum. */
const SUM_ROWS: usize = 512;

/** Columns of an image that count: all when no counts are given. */
@inline
function columnsOf(lengths: usize, image: usize, width: usize): usize {
  return lengths == 0 ? width : min<usize>(width, <usize>max<i32>(0, load<i32>(lengths + (image << 2))));
}

/** Pixels that count; at least 1, so that an empty batch divides by no zero. */
function countPixels(lengths: usize, batch: usize, height: usize, width: usize): usize {
  let count: usize = 0;
  for (let image: usize = 0; image < batch; image++) count += columnsOf(lengths, image, width);
  return max<usize>(1, count * height);
}

/**
 * Mean and biased variance of each channel, then y = (x − mean)·gamma/√(variance + epsilon) + beta, then max(0, ·) when `relu`.
 * Only the channels `first` to before `end`. `lengths`: int32 [batch] columns that count, or 0 for all. `scratch`: 2·channels floats.
 */
export function batchNormForward(
  x: usize, gamma: usize, beta: usize, lengths: usize, y: usize, mean: usize, variance: usize,
  batch: usize, height: usize, width: usize, channels: usize, epsilon: f32, relu: bool, first: usize, end: usize, scratch: usize,
): void {
  const bytes = channels << 2, from = first << 2, to = end << 2;
  const scale = scratch, shift = scratch + bytes;
  columnMeans(x, 0, lengths, mean, scale, batch, height, width, channels, from, to);
  columnMeans(x, mean, lengths, variance, scale, batch, height, width, channels, from, to);
  for (let at = from; at < to; at += 4) {
    const factor = load<f32>(gamma + at) / sqrt<f32>(load<f32>(variance + at) + epsilon);
    store<f32>(scale + at, factor);
    store<f32>(shift + at, load<f32>(beta + at) - load<f32>(mean + at) * factor);
  }
  for (let image: usize = 0; image < batch; image++) {
    const count = columnsOf(lengths, image, width);
    for (let row: usize = 0; row < height; row++) {
      const at = (image * height + row) * width * bytes;
      scaleAndShift(x + at, scale, shift, y + at, count, bytes, relu, from, to);
      zeroChannels(y + at + count * bytes, width - count, bytes, from, to);
    }
  }
}

/** y [rows, bytes / 4] = x·scale + shift by column, then max(0, ·) when `relu`: the bytes `from` to before `to` of each row. */
function scaleAndShift(
  x: usize, scale: usize, shift: usize, y: usize, rows: usize, bytes: usize, relu: bool, from: usize, to: usize,
): void {
  for (let row: usize = 0; row < rows; row++, x += bytes, y += bytes) {
    let c = from;
    for (; c + 16 <= to; c += 16) {
      let value = madd(v128.load(x + c), v128.load(scale + c), v128.load(shift + c));
      if (relu) value = f32x4.max(value, splat(0));
      v128.store(y + c, value);
    }
    for (; c < to; c += 4) {
      const value = load<f32>(x + c) * load<f32>(scale + c) + load<f32>(shift + c);
      store<f32>(y + c, relu ? max<f32>(value, 0) : value);
    }
  }
}

/** The bytes `from` to before `to` of each row are 0. */
function zeroChannels(values: usize, rows: usize, bytes: usize, from: usize, to: usize): void {
  if (from == 0 && to == bytes) zeroFloats(values, (rows * bytes) >> 2);
  else for (let row: usize = 0; row < rows; row++) zeroFloats(values + row * bytes + from, (to - from) >> 2);
}

/** Channel means of x, or of (x − center)² when `center` is given; `partial` holds channels floats. */
function columnMeans(
  x: usize, center: usize, lengths: usize, means: usize, partial: usize, batch: usize, height: usize, width: usize, channels: usize,
  from: usize, to: usize,
): void {
  const bytes = channels << 2;
  zeroFloats(means + from, (to - from) >> 2);
  for (let image: usize = 0; image < batch; image++) {
    const count = columnsOf(lengths, image, width);
    for (let row: usize = 0; row < height; row++) {
      for (let start: usize = 0; start < count; start += SUM_ROWS) {
        sumRows(x + ((image * height + row) * width + start) * bytes, center, partial, min<usize>(SUM_ROWS, count - start), bytes, from, to);
        for (let at = from; at < to; at += 4) store<f32>(means + at, load<f32>(means + at) + load<f32>(partial + at));
      }
    }
  }
  const share: f32 = 1 / <f32>countPixels(lengths, batch, height, width);
  for (let at = from; at < to; at += 4) store<f32>(means + at, load<f32>(means + at) * share);
}

function sumRows(x: usize, center: usize, sums: usize, rows: usize, bytes: usize, from: usize, to: usize): void {
  let c = from;
  // Blocks of 16 channels keep the sums in registers and use whole cache lines.
  for (; c + 64 <= to; c += 64) sumBlock(x + c, center == 0 ? 0 : center + c, sums + c, rows, bytes);
  for (; c < to; c += 4) {
    const middle: f32 = center == 0 ? 0 : load<f32>(center + c);
    let sum: f32 = 0;
    for (let row: usize = 0; row < rows; row++) {
      const value = load<f32>(x + row * bytes + c) - middle;
      sum += center == 0 ? value : value * value;
    }
    store<f32>(sums + c, sum);
  }
}

function sumBlock(x: usize, center: usize, sums: usize, rows: usize, stride: usize): void {
  let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
  if (center == 0) {
    for (let row: usize = 0; row < rows; row++, x += stride) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
  } else {
    const m0 = v128.load(center), m1 = v128.load(center, 16), m2 = v128.load(center, 32), m3 = v128.load(center, 48);
    for (let row: usize = 0; row < rows; row++, x += stride) {
      const d0 = f32x4.sub(v128.load(x), m0), d1 = f32x4.sub(v128.load(x, 16), m1);
      const d2 = f32x4.sub(v128.load(x, 32), m2), d3 = f32x4.sub(v128.load(x, 48), m3);
      s0 = madd(d0, d0, s0);
      s1 = madd(d1, d1, s1);
      s2 = madd(d2, d2, s2);
      s3 = madd(d3, d3, s3);
    }
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

/**
 * Gradients of `batchNormForward`: dx like x, dgamma and dbeta [channels]. `y` is its output when it rectified, else 0.
 * Only the channels `first` to before `end`. `scratch`: 5·channels floats.
 */
export function batchNormGradient(
  x: usize, y: usize, dy: usize, gamma: usize, mean: usize, variance: usize, lengths: usize,
  dx: usize, dgamma: usize, dbeta: usize,
  batch: usize, height: usize, width: usize, channels: usize, epsilon: f32, first: usize, end: usize, scratch: usize,
): void {
  const bytes = channels << 2, from = first << 2, to = end << 2;
  const partialBeta = scratch, partialGamma = scratch + bytes;
  zeroFloats(dgamma + from, end - first);
  zeroFloats(dbeta + from, end - first);
  for (let image: usize = 0; image < batch; image++) {
    const count = columnsOf(lengths, image, width);
    for (let row: usize = 0; row < height; row++) {
      for (let start: usize = 0; start < count; start += SUM_ROWS) {
        const at = ((image * height + row) * width + start) * bytes;
        sumGradients(x + at, y == 0 ? 0 : y + at, dy + at, mean, partialBeta, partialGamma, min<usize>(SUM_ROWS, count - start), bytes, from, to);
        for (let c = from; c < to; c += 4) {
          store<f32>(dbeta + c, load<f32>(dbeta + c) + load<f32>(partialBeta + c));
          store<f32>(dgamma + c, load<f32>(dgamma + c) + load<f32>(partialGamma + c));
        }
      }
    }
  }
  // dx = s·(dy − mean(dy) − (x − mean)·r²·mean(dy·(x − mean))) with r = 1/√(variance + epsilon), s = gamma·r: three terms a channel.
  const factor = scratch + 2 * bytes, slope = scratch + 3 * bytes, offset = scratch + 4 * bytes;
  const share: f32 = 1 / <f32>countPixels(lengths, batch, height, width);
  for (let c = from; c < to; c += 4) {
    const r: f32 = 1 / sqrt<f32>(load<f32>(variance + c) + epsilon);
    const s = load<f32>(gamma + c) * r;
    const along = load<f32>(dgamma + c) * share * r * r * s;
    store<f32>(factor + c, s);
    store<f32>(slope + c, -along);
    store<f32>(offset + c, along * load<f32>(mean + c) - s * load<f32>(dbeta + c) * share);
    store<f32>(dgamma + c, load<f32>(dgamma + c) * r);
  }
  for (let image: usize = 0; image < batch; image++) {
    const count = columnsOf(lengths, image, width);
    for (let row: usize = 0; row < height; row++) {
      const at = (image * height + row) * width * bytes;
      inputGradient(x + at, y == 0 ? 0 : y + at, dy + at, dx + at, factor, slope, offset, count, bytes, from, to);
      zeroChannels(dx + at + count * bytes, width - count, bytes, from, to);
    }
  }
}

/** dx = g·factor + x·slope + offset by channel, g being dy where y > 0. */
function inputGradient(
  x: usize, y: usize, dy: usize, dx: usize, factor: usize, slope: usize, offset: usize, rows: usize, bytes: usize,
  from: usize, to: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    let c = from, at = row * bytes + from;
    for (; c + 16 <= to; c += 16, at += 16) {
      let g = v128.load(dy + at);
      if (y != 0) g = v128.and(g, f32x4.gt(v128.load(y + at), splat(0)));
      v128.store(dx + at, madd(g, v128.load(factor + c), madd(v128.load(x + at), v128.load(slope + c), v128.load(offset + c))));
    }
    for (; c < to; c += 4, at += 4) {
      const g: f32 = y == 0 || load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0;
      store<f32>(dx + at, g * load<f32>(factor + c) + load<f32>(x + at) * load<f32>(slope + c) + load<f32>(offset + c));
    }
  }
}

/** Channel sums of the (rectified) gradient g, and of g·(x − mean). */
function sumGradients(
  x: usize,
  y: usize,
  dy: usize,
  mean: usize,
  sums: usize,
  products: usize,
  rows: usize,
  stride: usize,
  from: usize,
  to: usize,
): void {
  let c = from;
  for (; c + 32 <= to; c += 32) {
    const m0 = v128.load(mean + c),
      m1 = v128.load(mean + c, 16);
    let s0 = splat(0),
      s1 = splat(0),
      p0 = splat(0),
      p1 = splat(0);
    let at = c;
    for (let row: usize = 0; row < rows; row++, at += stride) {
      let g0 = v128.load(dy + at),
        g1 = v128.load(dy + at, 16);
      if (y != 0) {
        g0 = v128.and(g0, f32x4.gt(v128.load(y + at), splat(0)));
        g1 = v128.and(g1, f32x4.gt(v128.load(y + at, 16), splat(0)));
      }
      s0 = f32x4.add(s0, g0);
      s1 = f32x4.add(s1, g1);
      p0 = madd(g0, f32x4.sub(v128.load(x + at), m0), p0);
      p1 = madd(g1, f32x4.sub(v128.load(x + at, 16), m1), p1);
    }
    v128.store(sums + c, s0);
    v128.store(sums + c, s1, 16);
    v128.store(products + c, p0);
    v128.store(products + c, p1, 16);
  }
  for (; c < to; c += 4) {
    let sum: f32 = 0,
      product: f32 = 0;
    let at = c;
    for (let row: usize = 0; row < rows; row++, at += stride) {
      const g: f32 = y == 0 || load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0;
      sum += g;
      product += g * (load<f32>(x + at) - load<f32>(mean + c));
    }
    store<f32>(sums + c, sum);
    store<f32>(products + c, product);
  }
}
