/** Functions of four floats at once, to about the last place of a float. */
import { madd, splat } from './simd';

/** The first of the four. */
@inline
export function lane(value: v128): f32 {
  return f32x4.extract_lane(value, 0);
}

/** e^x to about one unit in the last place: x = k·ln 2 + f, a polynomial for e^f (Cephes), k into the exponent. */
@inline
export function exponential(x: v128): v128 {
  x = f32x4.max(splat(-87), f32x4.min(splat(88), x));
  const k = f32x4.nearest(f32x4.mul(x, splat(1.44269504)));
  let f = madd(k, splat(-0.693359375), x);
  f = madd(k, splat(2.12194440e-4), f);
  let p = splat(1.9875691500e-4);
  p = madd(p, f, splat(1.3981999507e-3));
  p = madd(p, f, splat(8.3334519073e-3));
  p = madd(p, f, splat(4.1665795894e-2));
  p = madd(p, f, splat(1.6666665459e-1));
  p = madd(p, f, splat(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(f, f), p, f), splat(1));
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return f32x4.mul(p, exponent);
}

@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exponential(f32x4.neg(x))));
}

/** tanh x = 1 − 2 / (e^2x + 1), and x·(1 − x²/3 + 2x⁴/15) near 0, where that would lose digits. */
@inline
export function tanh(x: v128): v128 {
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(exponential(f32x4.add(x, x)), splat(1))));
  const square = f32x4.mul(x, x);
  const near = f32x4.mul(x, madd(square, madd(square, splat(0.13333334), splat(-0.33333334)), splat(1)));
  return v128.bitselect(near, far, f32x4.lt(square, splat(0.0025)));
}
