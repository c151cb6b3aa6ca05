/** Passes over [rows, channels] that belong to a layer: gradients of bias and rectifier, batch normalisation, Adam. */
import { madd, splat } from './simd';

/** dz = dy where y > 0, else 0 (all of dy when y is 0), and db = column sums of dz. db 0: none; dz 0: sums only. */
export function rectifierBiasGradient(
  dy: usize,
  y: usize,
  dz: usize,
  db: usize,
  rows: usize,
  channels: usize,
): void {
  let c: usize = 0;
  // Blocks of 16 channels keep the sums in registers and use whole cache lines.
  for (; c + 16 <= channels; c += 16)
    gradientBlock(
      dy + (c << 2),
      y == 0 ? 0 : y + (c << 2),
      dz == 0 ? 0 : dz + (c << 2),
      db == 0 ? 0 : db + (c << 2),
      rows,
      channels << 2,
    );
  for (; c < channels; c++) {
    let sum: f32 = 0;
    let at = c << 2;
    for (let row: usize = 0; row < rows; row++, at += channels << 2) {
      const value: f32 = y == 0 || load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0;
      if (dz != 0) store<f32>(dz + at, value);
      sum += value;
    }
    if (db != 0) store<f32>(db + (c << 2), sum);
  }
}

function gradientBlock(dy: usize, y: usize, dz: usize, db: usize, rows: usize, stride: usize): void {
  let s0 = splat(0),
    s1 = splat(0),
    s2 = splat(0),
    s3 = splat(0);
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++, at += stride) {
    let g0 = v128.load(dy + at),
      g1 = v128.load(dy + at, 16),
      g2 = v128.load(dy + at, 32),
      g3 = v128.load(dy + at, 48);
    if (y != 0) {
      g0 = v128.and(g0, f32x4.gt(v128.load(y + at), splat(0)));
      g1 = v128.and(g1, f32x4.gt(v128.load(y + at, 16), splat(0)));
      g2 = v128.and(g2, f32x4.gt(v128.load(y + at, 32), splat(0)));
      g3 = v128.and(g3, f32x4.gt(v128.load(y + at, 48), splat(0)));
    }
    if (dz != 0) {
      v128.store(dz + at, g0);
      v128.store(dz + at, g1, 16);
      v128.store(dz + at, g2, 32);
      v128.store(dz + at, g3, 48);
    }
    s0 = f32x4.add(s0, g0);
    s1 = f32x4.add(s1, g1);
    s2 = f32x4.add(s2, g2);
    s3 = f32x4.add(s3, g3);
  }
  if (db == 0) return;
  v128.store(db, s0);
  v128.store(db, s1, 16);
  v128.store(db, s2, 32);
  v128.store(db, s3, 48);
}

/** Rows that one partial sum covers, so that float32 rounding stays that of a short sum. */
const SUM_ROWS: usize = 512;

/**
 * Batch normalisation over the rows of x [rows, channels]: mean and biased variance of each column, then
 * y = (x − mean)·gamma/√(variance + epsilon) + beta, then max(0, ·) when `relu`. `scratch`: 4·channels floats.
 */
export function batchNormForward(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  variance: usize,
  scratch: usize,
  rows: usize,
  channels: usize,
  epsilon: f32,
  relu: bool,
): void {
  const scale = scratch,
    shift = scratch + (channels << 2);
  columnMeans(x, 0, mean, scale, rows, channels);
  columnMeans(x, mean, variance, scale, rows, channels);
  for (let c: usize = 0; c < channels; c++) {
    const at = c << 2;
    const factor = load<f32>(gamma + at) / sqrt<f32>(load<f32>(variance + at) + epsilon);
    store<f32>(scale + at, factor);
    store<f32>(shift + at, load<f32>(beta + at) - load<f32>(mean + at) * factor);
  }
  scaleAndShift(x, scale, shift, y, rows, channels, relu);
}

/** y [rows, channels] = x·scale + shift by column, then max(0, ·) when `relu`. */
export function scaleAndShift(
  x: usize,
  scale: usize,
  shift: usize,
  y: usize,
  rows: usize,
  channels: usize,
  relu: bool,
): void {
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++) {
    let c: usize = 0;
    for (; c + 4 <= channels; c += 4, at += 16) {
      let value = madd(v128.load(x + at), v128.load(scale + (c << 2)), v128.load(shift + (c << 2)));
      if (relu) value = f32x4.max(value, splat(0));
      v128.store(y + at, value);
    }
    for (; c < channels; c++, at += 4) {
      const value = load<f32>(x + at) * load<f32>(scale + (c << 2)) + load<f32>(shift + (c << 2));
      store<f32>(y + at, relu ? max<f32>(value, 0) : value);
    }
  }
}

/** Column means of x, or of (x − center)² when `center` is given; `partial` holds channels floats. */
function columnMeans(
  x: usize,
  center: usize,
  means: usize,
  partial: usize,
  rows: usize,
  channels: usize,
): void {
  for (let c: usize = 0; c < channels; c++) store<f32>(means + (c << 2), 0);
  for (let start: usize = 0; start < rows; start += SUM_ROWS) {
    const count = min<usize>(SUM_ROWS, rows - start);
    const from = x + ((start * channels) << 2);
    let c: usize = 0;
    for (; c + 16 <= channels; c += 16)
      addBlock(
        from + (c << 2),
        center == 0 ? 0 : center + (c << 2),
        partial + (c << 2),
        count,
        channels << 2,
      );
    for (; c < channels; c++) {
      const middle: f32 = center == 0 ? 0 : load<f32>(center + (c << 2));
      let sum: f32 = 0;
      for (let row: usize = 0; row < count; row++) {
        const value = load<f32>(from + ((row * channels + c) << 2)) - middle;
        sum += center == 0 ? value : value * value;
      }
      store<f32>(partial + (c << 2), sum);
    }
    for (c = 0; c < channels; c++)
      store<f32>(means + (c << 2), load<f32>(means + (c << 2)) + load<f32>(partial + (c << 2)));
  }
  const share: f32 = 1 / <f32>rows;
  for (let c: usize = 0; c < channels; c++) store<f32>(means + (c << 2), load<f32>(means + (c << 2)) * share);
}

function addBlock(x: usize, center: usize, sums: usize, rows: usize, stride: usize): void {
  let s0 = splat(0),
    s1 = splat(0),
    s2 = splat(0),
    s3 = splat(0);
  if (center == 0) {
    for (let row: usize = 0; row < rows; row++, x += stride) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
  } else {
    const m0 = v128.load(center),
      m1 = v128.load(center, 16),
      m2 = v128.load(center, 32),
      m3 = v128.load(center, 48);
    for (let row: usize = 0; row < rows; row++, x += stride) {
      const d0 = f32x4.sub(v128.load(x), m0),
        d1 = f32x4.sub(v128.load(x, 16), m1);
      const d2 = f32x4.sub(v128.load(x, 32), m2),
        d3 = f32x4.sub(v128.load(x, 48), m3);
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
 * Gradients of `batchNormForward`: dx [rows, channels], dgamma and dbeta [channels]. `y` is its output when it rectified,
 * else 0. `scratch`: 5·channels floats.
 */
export function batchNormGradient(
  x: usize,
  y: usize,
  dy: usize,
  gamma: usize,
  mean: usize,
  variance: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  scratch: usize,
  rows: usize,
  channels: usize,
  epsilon: f32,
): void {
  const bytes = channels << 2;
  const partialBeta = scratch,
    partialGamma = scratch + bytes;
  for (let at: usize = 0; at < bytes; at += 4) {
    store<f32>(dgamma + at, 0);
    store<f32>(dbeta + at, 0);
  }
  for (let start: usize = 0; start < rows; start += SUM_ROWS) {
    const count = min<usize>(SUM_ROWS, rows - start);
    sumGradients(
      x + start * bytes,
      y == 0 ? 0 : y + start * bytes,
      dy + start * bytes,
      mean,
      partialBeta,
      partialGamma,
      count,
      channels,
    );
    for (let at: usize = 0; at < bytes; at += 4) {
      store<f32>(dbeta + at, load<f32>(dbeta + at) + load<f32>(partialBeta + at));
      store<f32>(dgamma + at, load<f32>(dgamma + at) + load<f32>(partialGamma + at));
    }
  }
  // dx = s·(dy − mean(dy) − (x − mean)·r²·mean(dy·(x − mean))) with r = 1/√(variance + epsilon), s = gamma·r: three terms a column.
  const factor = scratch + 2 * bytes,
    slope = scratch + 3 * bytes,
    offset = scratch + 4 * bytes;
  const share: f32 = 1 / <f32>rows;
  for (let at: usize = 0; at < bytes; at += 4) {
    const r: f32 = 1 / sqrt<f32>(load<f32>(variance + at) + epsilon);
    const s = load<f32>(gamma + at) * r;
    const along = load<f32>(dgamma + at) * share * r * r * s;
    store<f32>(factor + at, s);
    store<f32>(slope + at, -along);
    store<f32>(offset + at, along * load<f32>(mean + at) - s * load<f32>(dbeta + at) * share);
    store<f32>(dgamma + at, load<f32>(dgamma + at) * r);
  }
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= bytes; c += 16, at += 16) {
      let g = v128.load(dy + at);
      if (y != 0) g = v128.and(g, f32x4.gt(v128.load(y + at), splat(0)));
      v128.store(
        dx + at,
        madd(g, v128.load(factor + c), madd(v128.load(x + at), v128.load(slope + c), v128.load(offset + c))),
      );
    }
    for (; c < bytes; c += 4, at += 4) {
      const g: f32 = y == 0 || load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0;
      store<f32>(
        dx + at,
        g * load<f32>(factor + c) + load<f32>(x + at) * load<f32>(slope + c) + load<f32>(offset + c),
      );
    }
  }
}

/** Column sums of the (rectified) gradient g, and of g·(x − mean). */
function sumGradients(
  x: usize,
  y: usize,
  dy: usize,
  mean: usize,
  sums: usize,
  products: usize,
  rows: usize,
  channels: usize,
): void {
  const stride = channels << 2;
  let c: usize = 0;
  for (; c + 32 <= stride; c += 32) {
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
  for (; c < stride; c += 4) {
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

/**
 * One step of Adam in place over `count` floats: weight = weight·keep − stepSize·m / (√v·rootScale + epsilon), where the moments
 * m and v take in gradient·gradientScale first.
 */
export function adamStep(
  weight: usize,
  gradient: usize,
  first: usize,
  second: usize,
  count: usize,
  beta1: f32,
  beta2: f32,
  stepSize: f32,
  rootScale: f32,
  epsilon: f32,
  keep: f32,
  gradientScale: f32,
): void {
  let i: usize = 0;
  const bytes = count << 2;
  for (; i + 16 <= bytes; i += 16) {
    const g = f32x4.mul(v128.load(gradient + i), splat(gradientScale));
    const m = f32x4.add(f32x4.mul(v128.load(first + i), splat(beta1)), f32x4.mul(g, splat(1 - beta1)));
    const v = f32x4.add(
      f32x4.mul(v128.load(second + i), splat(beta2)),
      f32x4.mul(f32x4.mul(g, g), splat(1 - beta2)),
    );
    v128.store(first + i, m);
    v128.store(second + i, v);
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(v), splat(rootScale)), splat(epsilon));
    const change = f32x4.div(f32x4.mul(m, splat(stepSize)), root);
    v128.store(weight + i, f32x4.sub(f32x4.mul(v128.load(weight + i), splat(keep)), change));
  }
  for (; i < bytes; i += 4) {
    const g = load<f32>(gradient + i) * gradientScale;
    const m = load<f32>(first + i) * beta1 + g * (1 - beta1);
    const v = load<f32>(second + i) * beta2 + g * g * (1 - beta2);
    store<f32>(first + i, m);
    store<f32>(second + i, v);
    store<f32>(
      weight + i,
      load<f32>(weight + i) * keep - (m * stepSize) / (sqrt<f32>(v) * rootScale + epsilon),
    );
  }
}
