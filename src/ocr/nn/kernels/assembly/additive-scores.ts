/**
 * Scores of additive attention (Bahdanau, Cho and Bengio 2015): scores [batch, time] = Σ v·tanh(keys + query) over the units, of
 * keys [batch, time, units], query [batch, units] and v [units]. Pointers in bytes, sizes in floats.
 */
import { lane, tanh } from './activations';
import { addFloats, madd, splat, zeroFloats } from './simd';

export function additiveScores(keys: usize, query: usize, v: usize, scores: usize, batch: usize, time: usize, units: usize): void {
  const bytes = units << 2;
  const wide = bytes & ~15;
  for (let b: usize = 0; b < batch; b++, query += bytes) {
    for (let t: usize = 0; t < time; t++, keys += bytes, scores += 4) {
      let sums = splat(0);
      let at: usize = 0;
      for (; at < wide; at += 16) sums = madd(v128.load(v + at), tanh(f32x4.add(v128.load(keys + at), v128.load(query + at))), sums);
      let sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
      for (; at < bytes; at += 4) sum += load<f32>(v + at) * lane(tanh(splat(load<f32>(keys + at) + load<f32>(query + at))));
      store<f32>(scores, sum);
    }
  }
}

/** Gradients for dy [batch, time], in the shapes of their values; tanh is computed again instead of kept. `partial`: units floats. */
export function additiveScoresGradient(
  dy: usize, keys: usize, query: usize, v: usize, dKeys: usize, dQuery: usize, dv: usize, batch: usize, time: usize, units: usize, partial: usize,
): void {
  const bytes = units << 2;
  zeroFloats(dv, units);
  for (let b: usize = 0; b < batch; b++, query += bytes, dQuery += bytes) {
    zeroFloats(dQuery, units);
    zeroFloats(partial, units);
    for (let t: usize = 0; t < time; t++, keys += bytes, dKeys += bytes, dy += 4)
      rowGradient(load<f32>(dy), keys, query, v, dKeys, dQuery, partial, units);
    addFloats(dv, partial, units);
  }
}

function rowGradient(d: f32, keys: usize, query: usize, v: usize, dKeys: usize, dQuery: usize, dv: usize, units: usize): void {
  const bytes = units << 2;
  const wide = bytes & ~15;
  let at: usize = 0;
  for (; at < wide; at += 16) {
    const h = tanh(f32x4.add(v128.load(keys + at), v128.load(query + at)));
    const g = f32x4.mul(f32x4.mul(splat(d), v128.load(v + at)), f32x4.sub(splat(1), f32x4.mul(h, h)));
    v128.store(dKeys + at, g);
    v128.store(dQuery + at, f32x4.add(v128.load(dQuery + at), g));
    v128.store(dv + at, madd(splat(d), h, v128.load(dv + at)));
  }
  for (; at < bytes; at += 4) {
    const h = lane(tanh(splat(load<f32>(keys + at) + load<f32>(query + at))));
    const g = d * load<f32>(v + at) * (1 - h * h);
    store<f32>(dKeys + at, g);
    store<f32>(dQuery + at, load<f32>(dQuery + at) + g);
    store<f32>(dv + at, load<f32>(dv + at) + d * h);
  }
}
