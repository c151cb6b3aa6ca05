/** Passes over [rows, channels] that belong to a layer: gradients of bias and rectifier, and Adam's step. */
import { splat } from './simd';

/**
 * dz = dy where y > 0, else 0 (all of dy when y is 0), and db = column sums of dz, for the channels `first` to before `end`.
 * db 0: none; dz 0: sums only.
 */
export function rectifierBiasGradient(
  dy: usize,
  y: usize,
  dz: usize,
  db: usize,
  rows: usize,
  channels: usize,
  first: usize,
  end: usize,
): void {
  let c = first;
  // Blocks of 16 channels keep the sums in registers and use whole cache lines.
  for (; c + 16 <= end; c += 16)
    gradientBlock(
      dy + (c << 2),
      y == 0 ? 0 : y + (c << 2),
      dz == 0 ? 0 : dz + (c << 2),
      db == 0 ? 0 : db + (c << 2),
      rows,
      channels << 2,
    );
  for (; c < end; c++) {
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

/** sum [size] = parts [count, size] added up in their order: the floats `first` to before `end`. */
export function sumParts(parts: usize, sum: usize, count: usize, size: usize, first: usize, end: usize): void {
  let i = first;
  for (; i + 4 <= end; i += 4) {
    let at = parts + (i << 2);
    let total = v128.load(at);
    for (let part: usize = 1; part < count; part++) total = f32x4.add(total, v128.load((at += size << 2)));
    v128.store(sum + (i << 2), total);
  }
  for (; i < end; i++) {
    let at = parts + (i << 2);
    let total = load<f32>(at);
    for (let part: usize = 1; part < count; part++) total += load<f32>((at += size << 2));
    store<f32>(sum + (i << 2), total);
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
