/**
 * Single-precision matrix multiplication on 4x8 blocks held in registers. The right factor is packed in panels of 8
 * columns: panel p holds its rows one after the other, 8 floats each, columns beyond the matrix as zeros.
 * Sizes and strides are in floats, pointers in bytes.
 */
import { madd, roundUp, splat } from './simd';

/** Rows of the left factor whose panel products run while the panel stays in the first cache level. */
const ROW_BLOCK: usize = 64;
/** Depth of one pass: a panel of this depth takes 8 KiB. */
const DEPTH_BLOCK: usize = 256;

/** Floats that `packColumns` writes. */
export function packedSize(depth: usize, columns: usize): usize {
  return depth * roundUp(columns, 8);
}

/** Packs b [depth, columns] with the given strides. */
export function packColumns(b: usize, rowStride: usize, columnStride: usize, depth: usize, columns: usize, packed: usize): void {
  let to = packed;
  for (let j: usize = 0; j < columns; j += 8) {
    const width = min<usize>(8, columns - j);
    let from = b + ((j * columnStride) << 2);
    for (let k: usize = 0; k < depth; k++) {
      if (width == 8 && columnStride == 1) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let i: usize = 0; i < 8; i++)
          store<f32>(to + (i << 2), i < width ? load<f32>(from + ((i * columnStride) << 2)) : 0);
      }
      to += 32;
      from += rowStride << 2;
    }
  }
}

/**
 * c [rows, columns] = a·b, or c += a·b when `accumulate`. a's element (m, k) stands at a + m·rowStride + k·depthStride,
 * one of the strides being 1; `packed` is b packed with the same depth.
 */
export function multiplyPacked(
  a: usize, rowStride: usize, depthStride: usize, packed: usize, c: usize, cStride: usize,
  rows: usize, depth: usize, columns: usize, accumulate: bool,
): void {
  for (let k: usize = 0; k < depth; k += DEPTH_BLOCK) {
    const deep = min<usize>(DEPTH_BLOCK, depth - k);
    for (let m: usize = 0; m < rows; m += ROW_BLOCK) {
      const count = min<usize>(ROW_BLOCK, rows - m);
      const left = a + ((m * rowStride + k * depthStride) << 2);
      // Four panels at once where there is a single row: the sums are the same, in the same order.
      const wide = count == 1 ? columns & ~31 : 0;
      for (let n: usize = 0; n < wide; n += 32)
        rowTimesPanels(left, depthStride << 2, packed + ((n * depth + (k << 3)) << 2), depth << 5, c + ((m * cStride + n) << 2), deep, accumulate || k > 0);
      for (let n = wide; n < columns; n += 8) {
        const panel = packed + ((n * depth + (k << 3)) << 2);
        const width = min<usize>(8, columns - n);
        const to = c + ((m * cStride + n) << 2);
        if (depthStride == 1) blockRowMajor(left, rowStride << 2, panel, to, cStride << 2, count, deep, width, accumulate || k > 0);
        else blockColumnMajor(left, depthStride << 2, panel, to, cStride << 2, count, deep, width, accumulate || k > 0);
      }
    }
  }
}

/** One row times four panels that begin `panelBytes` apart; `stepBytes` from one element of the row to the next. */
function rowTimesPanels(
  a: usize, stepBytes: usize, panels: usize, panelBytes: usize, c: usize, depth: usize, accumulate: bool,
): void {
  let a0 = a;
  let p0 = panels, p1 = panels + panelBytes, p2 = panels + 2 * panelBytes, p3 = panels + 3 * panelBytes;
  let c0 = splat(0), c1 = splat(0), c2 = splat(0), c3 = splat(0);
  let c4 = splat(0), c5 = splat(0), c6 = splat(0), c7 = splat(0);
  for (let k = depth; k > 0; k--) {
    const s = v128.load32_splat(a0);
    c0 = madd(s, v128.load(p0), c0); c1 = madd(s, v128.load(p0, 16), c1);
    c2 = madd(s, v128.load(p1), c2); c3 = madd(s, v128.load(p1, 16), c3);
    c4 = madd(s, v128.load(p2), c4); c5 = madd(s, v128.load(p2, 16), c5);
    c6 = madd(s, v128.load(p3), c6); c7 = madd(s, v128.load(p3, 16), c7);
    a0 += stepBytes;
    p0 += 32; p1 += 32; p2 += 32; p3 += 32;
  }
  putRow(c, c0, c1, 8, accumulate);
  putRow(c + 32, c2, c3, 8, accumulate);
  putRow(c + 64, c4, c5, 8, accumulate);
  putRow(c + 96, c6, c7, 8, accumulate);
}

/** One panel times up to ROW_BLOCK rows whose elements lie side by side along the depth. Strides in bytes. */
function blockRowMajor(
  a: usize, rowBytes: usize, panel: usize, c: usize, cBytes: usize,
  rows: usize, depth: usize, width: usize, accumulate: bool,
): void {
  for (let m: usize = 0; m < rows; m += 4) {
    const valid = min<usize>(4, rows - m);
    // Rows past the end read the last row again; what they yield is not stored.
    let a0 = a + m * rowBytes;
    let a1 = a0 + (valid > 1 ? rowBytes : 0);
    let a2 = a1 + (valid > 2 ? rowBytes : 0);
    let a3 = a2 + (valid > 3 ? rowBytes : 0);
    let b = panel;
    let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0);
    let c20 = splat(0), c21 = splat(0), c30 = splat(0), c31 = splat(0);
    // Not unrolled: V8 keeps the eight sums in registers only while the body is this small.
    for (let k = depth; k > 0; k--) {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load32_splat(a0);
      c00 = madd(s, b0, c00); c01 = madd(s, b1, c01);
      s = v128.load32_splat(a1);
      c10 = madd(s, b0, c10); c11 = madd(s, b1, c11);
      s = v128.load32_splat(a2);
      c20 = madd(s, b0, c20); c21 = madd(s, b1, c21);
      s = v128.load32_splat(a3);
      c30 = madd(s, b0, c30); c31 = madd(s, b1, c31);
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
      b += 32;
    }
    let to = c + m * cBytes;
    putRow(to, c00, c01, width, accumulate);
    if (valid > 1) putRow(to + cBytes, c10, c11, width, accumulate);
    if (valid > 2) putRow(to + 2 * cBytes, c20, c21, width, accumulate);
    if (valid > 3) putRow(to + 3 * cBytes, c30, c31, width, accumulate);
  }
}

/** The same for a left factor whose rows lie side by side: four rows are one load away. */
function blockColumnMajor(
  a: usize, depthBytes: usize, panel: usize, c: usize, cBytes: usize,
  rows: usize, depth: usize, width: usize, accumulate: bool,
): void {
  for (let m: usize = 0; m < rows; m += 4) {
    const valid = min<usize>(4, rows - m);
    let left = a + (m << 2);
    let b = panel;
    let c00 = splat(0), c01 = splat(0), c10 = splat(0), c11 = splat(0);
    let c20 = splat(0), c21 = splat(0), c30 = splat(0), c31 = splat(0);
    if (valid == 4) {
      for (let k = depth; k > 0; k--) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let s = v128.load32_splat(left);
        c00 = madd(s, b0, c00); c01 = madd(s, b1, c01);
        s = v128.load32_splat(left, 4);
        c10 = madd(s, b0, c10); c11 = madd(s, b1, c11);
        s = v128.load32_splat(left, 8);
        c20 = madd(s, b0, c20); c21 = madd(s, b1, c21);
        s = v128.load32_splat(left, 12);
        c30 = madd(s, b0, c30); c31 = madd(s, b1, c31);
        left += depthBytes;
        b += 32;
      }
    } else {
      const second: usize = valid > 1 ? 4 : 0;
      const third: usize = valid > 2 ? 8 : 0;
      for (let k: usize = 0; k < depth; k++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let s = v128.load32_splat(left);
        c00 = madd(s, b0, c00); c01 = madd(s, b1, c01);
        s = v128.load32_splat(left + second);
        c10 = madd(s, b0, c10); c11 = madd(s, b1, c11);
        s = v128.load32_splat(left + third);
        c20 = madd(s, b0, c20); c21 = madd(s, b1, c21);
        left += depthBytes;
        b += 32;
      }
    }
    let to = c + m * cBytes;
    putRow(to, c00, c01, width, accumulate);
    if (valid > 1) putRow(to + cBytes, c10, c11, width, accumulate);
    if (valid > 2) putRow(to + 2 * cBytes, c20, c21, width, accumulate);
    if (valid > 3) putRow(to + 3 * cBytes, c30, c31, width, accumulate);
  }
}

@inline
function putRow(to: usize, low: v128, high: v128, width: usize, accumulate: bool): void {
  if (width == 8) {
    if (accumulate) {
      low = f32x4.add(low, v128.load(to));
      high = f32x4.add(high, v128.load(to, 16));
    }
    v128.store(to, low);
    v128.store(to, high, 16);
  } else putPart(to, low, high, width, accumulate);
}

function putPart(to: usize, low: v128, high: v128, width: usize, accumulate: bool): void {
  putOne(to, f32x4.extract_lane(low, 0), accumulate);
  if (width > 1) putOne(to + 4, f32x4.extract_lane(low, 1), accumulate);
  if (width > 2) putOne(to + 8, f32x4.extract_lane(low, 2), accumulate);
  if (width > 3) putOne(to + 12, f32x4.extract_lane(low, 3), accumulate);
  if (width > 4) putOne(to + 16, f32x4.extract_lane(high, 0), accumulate);
  if (width > 5) putOne(to + 20, f32x4.extract_lane(high, 1), accumulate);
  if (width > 6) putOne(to + 24, f32x4.extract_lane(high, 2), accumulate);
}

@inline
function putOne(to: usize, value: f32, accumulate: bool): void {
  store<f32>(to, accumulate ? load<f32>(to) + value : value);
}
