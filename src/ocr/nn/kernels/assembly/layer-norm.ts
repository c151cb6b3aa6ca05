/** Layer normalisation over the last axis of [rows, channels]. Pointers in bytes, sizes in floats. */
import { madd, splat, addFloats, zeroFloats } from './simd';

/** Rows that one partial sum of a gradient covers, so that float32 rounding stays that of a short sum. */
const SUM_ROWS: usize = 512;

@inline
function sumOf(value: v128): f32 {
  return f32x4.extract_lane(value, 0) + f32x4.extract_lane(value, 1) + (f32x4.extract_lane(value, 2) + f32x4.extract_lane(value, 3));
}

/** y = (x − mean)·gamma/√(variance + epsilon) + beta; statistics [rows, 2] keep mean and 1/√(variance + epsilon). */
export function layerNormForward(
  x: usize, gamma: usize, beta: usize, y: usize, statistics: usize, rows: usize, channels: usize, epsilon: f32,
): void {
  const bytes = channels << 2;
  const wide = bytes & ~15;
  const share: f32 = 1 / <f32>channels;
  for (let row: usize = 0; row < rows; row++, x += bytes, y += bytes, statistics += 8) {
    let sums = splat(0);
    let at: usize = 0;
    for (; at < wide; at += 16) sums = f32x4.add(sums, v128.load(x + at));
    let sum = sumOf(sums);
    for (; at < bytes; at += 4) sum += load<f32>(x + at);
    const mean = sum * share;
    sums = splat(0);
    for (at = 0; at < wide; at += 16) {
      const centred = f32x4.sub(v128.load(x + at), splat(mean));
      sums = madd(centred, centred, sums);
    }
    sum = sumOf(sums);
    for (; at < bytes; at += 4) sum += (load<f32>(x + at) - mean) * (load<f32>(x + at) - mean);
    const scale: f32 = 1 / sqrt<f32>(sum * share + epsilon);
    store<f32>(statistics, mean);
    store<f32>(statistics, scale, 4);
    for (at = 0; at < wide; at += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + at), splat(mean)), splat(scale));
      v128.store(y + at, madd(normal, v128.load(gamma + at), v128.load(beta + at)));
    }
    for (; at < bytes; at += 4)
      store<f32>(y + at, (load<f32>(x + at) - mean) * scale * load<f32>(gamma + at) + load<f32>(beta + at));
  }
}

/** dx, dgamma and dbeta for dy; `partial` holds 2·channels floats. */
export function layerNormGradient(
  x: usize, gamma: usize, statistics: usize, dy: usize, dx: usize, dgamma: usize, dbeta: usize, rows: usize, channels: usize, partial: usize,
): void {
  const bytes = channels << 2;
  zeroFloats(dgamma, channels);
  zeroFloats(dbeta, channels);
  for (let start: usize = 0; start < rows; start += SUM_ROWS) {
    const end = min<usize>(rows, start + SUM_ROWS);
    zeroFloats(partial, 2 * channels);
    for (let row = start; row < end; row++) {
      const place = row * bytes;
      rowGradient(x + place, gamma, statistics + (row << 3), dy + place, dx + place, partial, channels);
    }
    addFloats(dgamma, partial, channels);
    addFloats(dbeta, partial + bytes, channels);
  }
}

/** dx = scale·(dy·gamma − mean(dy·gamma) − normal·mean(dy·gamma·normal)); the sums at `partial` take in dy·normal and dy. */
function rowGradient(x: usize, gamma: usize, statistics: usize, dy: usize, dx: usize, partial: usize, channels: usize): void {
  const bytes = channels << 2;
  const wide = bytes & ~15;
  const share: f32 = 1 / <f32>channels;
  const mean = load<f32>(statistics);
  const scale = load<f32>(statistics, 4);
  let sums = splat(0), products = splat(0);
  let at: usize = 0;
  for (; at < wide; at += 16) {
    const d = v128.load(dy + at);
    const normal = f32x4.mul(f32x4.sub(v128.load(x + at), splat(mean)), splat(scale));
    const weighted = f32x4.mul(d, v128.load(gamma + at));
    sums = f32x4.add(sums, weighted);
    products = madd(weighted, normal, products);
    v128.store(partial + at, madd(d, normal, v128.load(partial + at)));
    v128.store(partial + bytes + at, f32x4.add(d, v128.load(partial + bytes + at)));
  }
  let sum = sumOf(sums), product = sumOf(products);
  for (; at < bytes; at += 4) {
    const d = load<f32>(dy + at);
    const normal = (load<f32>(x + at) - mean) * scale;
    const weighted = d * load<f32>(gamma + at);
    sum += weighted;
    product += weighted * normal;
    store<f32>(partial + at, load<f32>(partial + at) + d * normal);
    store<f32>(partial + bytes + at, load<f32>(partial + bytes + at) + d);
  }
  sum *= share;
  product *= share;
  for (at = 0; at < wide; at += 16) {
    const normal = f32x4.mul(f32x4.sub(v128.load(x + at), splat(mean)), splat(scale));
    const centred = f32x4.sub(f32x4.mul(v128.load(dy + at), v128.load(gamma + at)), splat(sum));
    v128.store(dx + at, f32x4.mul(f32x4.sub(centred, f32x4.mul(normal, splat(product))), splat(scale)));
  }
  for (; at < bytes; at += 4) {
    const normal = (load<f32>(x + at) - mean) * scale;
    store<f32>(dx + at, (load<f32>(dy + at) * load<f32>(gamma + at) - sum - normal * product) * scale);
  }
}
