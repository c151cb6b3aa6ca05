/** a·b + c on four floats: fused where the build has relaxed SIMD, two roundings otherwise. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

@inline
export function splat(value: f32): v128 {
  return f32x4.splat(value);
}

/** Smallest multiple of `step` (a power of two) that is not below `value`. */
@inline
export function roundUp(value: usize, step: usize): usize {
  return (value + step - 1) & ~(step - 1);
}

/** Copies `count` floats; the areas do not overlap. */
@inline
export function copyFloats(to: usize, from: usize, count: usize): void {
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), v128.load(from + (i << 2)));
  for (; i < count; i++) store<f32>(to + (i << 2), load<f32>(from + (i << 2)));
}

/** Sets `count` floats to zero. */
@inline
export function zeroFloats(to: usize, count: usize): void {
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), splat(0));
  for (; i < count; i++) store<f32>(to + (i << 2), 0);
}

/** sums [width] = the sums of the columns of values [rows, width], whose rows stand `rowStride` floats apart. */
export function sumColumns(values: usize, rowStride: usize, sums: usize, rows: usize, width: usize): void {
  zeroFloats(sums, width);
  for (let row: usize = 0; row < rows; row++, values += rowStride << 2) addFloats(sums, values, width);
}

/** Adds `count` floats to those at `to`. */
export function addFloats(to: usize, from: usize, count: usize): void {
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), f32x4.add(v128.load(to + (i << 2)), v128.load(from + (i << 2))));
  for (; i < count; i++) store<f32>(to + (i << 2), load<f32>(to + (i << 2)) + load<f32>(from + (i << 2)));
}
