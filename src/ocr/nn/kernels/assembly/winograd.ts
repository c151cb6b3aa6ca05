/**
 * 3x3 convolution with stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", CVPR 2016): tiles of 4x4 outputs from 6x6 inputs, 36 matrix products in place of the
 * convolution. The filter's gradient is the transposed algorithm: dW = Gᵀ·[Σ (Bᵀ·d·B) ⊙ (A·dY·Aᵀ)]·G.
 * Images are [height, width, channels]. Pointers in bytes, sizes in floats unless a name says otherwise.
 */
import { multiplyPacked } from './gemm';
import { madd, roundUp, splat, zeroFloats } from './simd';

/** Tiles that are transformed together: their transforms stay in the second cache level. */
const FORWARD_TILES: usize = 32;
const BACKWARD_TILES: usize = 48;
const POINTS: usize = 36;

/** Bytes of a filter that `winogradFilter` has transformed. */
export function winogradFilterBytes(inChannels: usize, outChannels: usize): usize {
  return (POINTS * roundUp(inChannels, 4) * roundUp(outChannels, 8)) << 2;
}

/** Bytes that `winogradForward` needs as working memory. */
export function winogradForwardBytes(inChannels: usize, outChannels: usize): usize {
  return (POINTS * FORWARD_TILES * (roundUp(inChannels, 4) + roundUp(outChannels, 8)) + POINTS * 4) << 2;
}

/** Bytes that `winogradFilterGradient` needs as working memory. */
export function winogradFilterGradientBytes(inChannels: usize, outChannels: usize): usize {
  const inputs = roundUp(inChannels, 4), outputs = roundUp(outChannels, 8);
  return (POINTS * (inputs * outputs + BACKWARD_TILES * (inputs + outputs)) + POINTS * 4) << 2;
}

/** Tiles of one image: what the ranges of `winogradForward` and `winogradFilterGradient` count. */
export function winogradTiles(outHeight: usize, outWidth: usize): usize {
  return ((outHeight + 3) >> 2) * ((outWidth + 3) >> 2);
}

/**
 * The tiles `firstTile` to before `endTile` of out [batch, outHeight, outWidth, outChannels] = x ∗ filter (+ bias) (then max(0, ·)).
 * `u` is the filter as `winogradFilter` transformed it. `bias` 0: none.
 */
export function winogradForward(
  x: usize, u: usize, bias: usize, out: usize,
  height: usize, width: usize, inChannels: usize, outHeight: usize, outWidth: usize, outChannels: usize,
  padTop: isize, padLeft: isize, relu: bool, firstTile: usize, endTile: usize, scratch: usize,
): void {
  const inputs = roundUp(inChannels, 4), outputs = roundUp(outChannels, 8);
  const temporary = scratch;
  const v = temporary + ((POINTS * 4) << 2);
  const m = v + ((POINTS * FORWARD_TILES * inputs) << 2);
  const tilesAcross = (outWidth + 3) >> 2, tilesOfImage = winogradTiles(outHeight, outWidth);
  for (let start = firstTile; start < endTile; start += FORWARD_TILES) {
    const count = min<usize>(FORWARD_TILES, endTile - start);
    for (let i: usize = 0; i < count; i++) {
      const tile = start + i;
      const image = tile / tilesOfImage, rest = tile % tilesOfImage;
      const top = <isize>((rest / tilesAcross) << 2) - padTop, left = <isize>((rest % tilesAcross) << 2) - padLeft;
      transformInput(x + ((image * height * width * inChannels) << 2), v + ((i * inputs) << 2), FORWARD_TILES * inputs,
        temporary, height, width, inChannels, inputs, top, left);
    }
    for (let point: usize = 0; point < POINTS; point++) {
      multiplyPacked(v + ((point * FORWARD_TILES * inputs) << 2), inputs, 1, u + ((point * inputs * outputs) << 2),
        m + ((point * FORWARD_TILES * outputs) << 2), outputs, count, inputs, outputs, false);
    }
    for (let i: usize = 0; i < count; i++) {
      const tile = start + i;
      const image = tile / tilesOfImage, rest = tile % tilesOfImage;
      transformOutput(m + ((i * outputs) << 2), FORWARD_TILES * outputs, bias, out + ((image * outHeight * outWidth * outChannels) << 2),
        temporary, outHeight, outWidth, outChannels, (rest / tilesAcross) << 2, (rest % tilesAcross) << 2, relu);
    }
  }
}

/**
 * U = G·g·Gᵀ for the input channels `first` to before `end`, four output channels at a time, stored point by point as packed
 * panels [outputs / 8, inputs, 8]. `filter` is [3, 3, inChannels, outChannels], or with `transposed`
 * [3, 3, outChannels, inChannels] turned by 180 degrees, which makes the gradient with respect to a convolution's input.
 */
export function winogradFilter(
  filter: usize, u: usize, inChannels: usize, outChannels: usize, transposed: bool, first: usize, end: usize, scratch: usize,
): void {
  const inputs = roundUp(inChannels, 4), outputs = roundUp(outChannels, 8);
  const pairs = (inChannels * outChannels) << 2, step = (inputs * outputs) << 2;
  for (let o: usize = 0; o < outputs; o += 4) {
    const valid = o < outChannels ? min<usize>(4, outChannels - o) : 0;
    for (let i = first; i < end; i++) {
      const place = u + (((o >> 3) * inputs * 8 + i * 8 + (o & 7)) << 2);
      if (valid == 0) {
        for (let point: usize = 0; point < POINTS; point++) v128.store(place + point * step, splat(0));
        continue;
      }
      const from = filter + ((transposed ? o * inChannels + i : i * outChannels + o) << 2);
      // Rows first: scratch holds G·g, [6, 3] of four output channels each.
      for (let col: usize = 0; col < 3; col++) {
        const at = from + (transposed ? 2 - col : col) * pairs;
        const g0 = loadTaps(transposed ? at + 6 * pairs : at, transposed, inChannels, valid);
        const g1 = loadTaps(at + 3 * pairs, transposed, inChannels, valid);
        const g2 = loadTaps(transposed ? at : at + 6 * pairs, transposed, inChannels, valid);
        transformTaps(g0, g1, g2, scratch + (col << 4), 48);
      }
      for (let row: usize = 0; row < 6; row++) {
        const at = scratch + row * 48;
        transformTaps(v128.load(at), v128.load(at, 16), v128.load(at, 32), place + row * 6 * step, step);
      }
    }
  }
  // The channels that only fill up the last four.
  if (end == inChannels) zeroRows(u, inChannels, inputs, outputs);
}

/** The weights of `valid` output channels, side by side or, in a transposed filter, inChannels apart. */
@inline
function loadTaps(at: usize, transposed: bool, inChannels: usize, valid: usize): v128 {
  if (!transposed) return loadWithin(at, valid, true);
  const step = inChannels << 2;
  let value = f32x4.replace_lane(splat(0), 0, load<f32>(at));
  if (valid > 1) value = f32x4.replace_lane(value, 1, load<f32>(at + step));
  if (valid > 2) value = f32x4.replace_lane(value, 2, load<f32>(at + 2 * step));
  if (valid > 3) value = f32x4.replace_lane(value, 3, load<f32>(at + 3 * step));
  return value;
}

/** G times three values, its six results `step` bytes apart. */
@inline
function transformTaps(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  const sixth = splat(1.0 / 6.0);
  const even = f32x4.mul(f32x4.add(g0, g2), sixth), odd = f32x4.mul(g1, sixth);
  const far = f32x4.add(f32x4.mul(g0, splat(1.0 / 24.0)), f32x4.mul(g2, sixth)), farOdd = f32x4.mul(g1, splat(1.0 / 12.0));
  v128.store(to, f32x4.mul(g0, splat(0.25)));
  v128.store((to += step), f32x4.neg(f32x4.add(even, odd)));
  v128.store((to += step), f32x4.sub(odd, even));
  v128.store((to += step), f32x4.add(far, farOdd));
  v128.store((to += step), f32x4.sub(far, farOdd));
  v128.store(to + step, g2);
}

/** Rows `first` to before `inputs` of every panel. */
function zeroRows(u: usize, first: usize, inputs: usize, outputs: usize): void {
  if (first == inputs) return;
  for (let panel: usize = 0; panel < (POINTS * outputs) >> 3; panel++)
    zeroFloats(u + ((panel * inputs + first) << 5), (inputs - first) << 3);
}

/**
 * V = Bᵀ·d·B of the 6x6 patch at (top, left), zero outside of the image, four channels at a time.
 * Point p goes to v + p·pointStride.
 */
function transformInput(
  image: usize, v: usize, pointStride: usize, temporary: usize,
  height: usize, width: usize, channels: usize, padded: usize, top: isize, left: isize,
): void {
  const step = pointStride << 2;
  const pixelBytes = channels << 2, rowBytes = width * pixelBytes;
  const origin = image + top * rowBytes + left * pixelBytes;
  const inside = top >= 0 && left >= 0 && top + 6 <= <isize>height && left + 6 <= <isize>width && (channels & 3) == 0;
  for (let channel: usize = 0; channel < padded; channel += 4) {
    // Columns: temporary [6, 6] of four channels each holds Bᵀ·d.
    for (let col: isize = 0; col < 6; col++) {
      let d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128;
      let at = origin + col * pixelBytes + (channel << 2);
      if (inside) {
        d0 = v128.load(at);
        d1 = v128.load((at += rowBytes));
        d2 = v128.load((at += rowBytes));
        d3 = v128.load((at += rowBytes));
        d4 = v128.load((at += rowBytes));
        d5 = v128.load(at + rowBytes);
      } else {
        const valid = min<usize>(4, channels - channel);
        const across = left + col >= 0 && left + col < <isize>width;
        d0 = loadWithin(at, valid, across && rowInside(top, height));
        d1 = loadWithin((at += rowBytes), valid, across && rowInside(top + 1, height));
        d2 = loadWithin((at += rowBytes), valid, across && rowInside(top + 2, height));
        d3 = loadWithin((at += rowBytes), valid, across && rowInside(top + 3, height));
        d4 = loadWithin((at += rowBytes), valid, across && rowInside(top + 4, height));
        d5 = loadWithin(at + rowBytes, valid, across && rowInside(top + 5, height));
      }
      let to = temporary + (col << 4);
      const near = madd(splat(-4), d2, d4), nearOdd = madd(splat(-4), d1, d3);
      const far = f32x4.sub(d4, d2), farOdd = f32x4.mul(splat(2), f32x4.sub(d3, d1));
      v128.store(to, madd(splat(4), d0, madd(splat(-5), d2, d4)));
      v128.store(to, f32x4.add(near, nearOdd), 96);
      v128.store(to, f32x4.sub(near, nearOdd), 192);
      v128.store(to, f32x4.add(far, farOdd), 288);
      v128.store(to, f32x4.sub(far, farOdd), 384);
      v128.store(to, madd(splat(4), d1, madd(splat(-5), d3, d5)), 480);
    }
    let to = v + (channel << 2);
    for (let row: usize = 0; row < 6; row++) {
      const at = temporary + row * 96;
      const d0 = v128.load(at), d1 = v128.load(at, 16), d2 = v128.load(at, 32);
      const d3 = v128.load(at, 48), d4 = v128.load(at, 64), d5 = v128.load(at, 80);
      const near = madd(splat(-4), d2, d4), nearOdd = madd(splat(-4), d1, d3);
      const far = f32x4.sub(d4, d2), farOdd = f32x4.mul(splat(2), f32x4.sub(d3, d1));
      v128.store(to, madd(splat(4), d0, madd(splat(-5), d2, d4)));
      v128.store((to += step), f32x4.add(near, nearOdd));
      v128.store((to += step), f32x4.sub(near, nearOdd));
      v128.store((to += step), f32x4.add(far, farOdd));
      v128.store((to += step), f32x4.sub(far, farOdd));
      v128.store((to += step), madd(splat(4), d1, madd(splat(-5), d3, d5)));
      to += step;
    }
  }
}

@inline
function rowInside(row: isize, height: usize): bool {
  return row >= 0 && row < <isize>height;
}

/** Four floats, of which `valid` exist; zeros for the rest and for a pixel outside of the image. */
function loadWithin(at: usize, valid: usize, inside: bool): v128 {
  if (!inside) return splat(0);
  if (valid == 4) return v128.load(at);
  let value = f32x4.replace_lane(splat(0), 0, load<f32>(at));
  if (valid > 1) value = f32x4.replace_lane(value, 1, load<f32>(at, 4));
  if (valid > 2) value = f32x4.replace_lane(value, 2, load<f32>(at, 8));
  return value;
}

/** Aᵀ·M·A of one tile, cut at the image's border; M's point p stands at m + p·pointStride. */
function transformOutput(
  m: usize, pointStride: usize, bias: usize, image: usize, temporary: usize,
  height: usize, width: usize, channels: usize, top: usize, left: usize, relu: bool,
): void {
  const step = pointStride << 2;
  const down = min<usize>(4, height - top), across = min<usize>(4, width - left);
  for (let channel: usize = 0; channel < channels; channel += 4) {
    const valid = min<usize>(4, channels - channel);
    // temporary [4, 6] holds Aᵀ·M.
    for (let col: usize = 0; col < 6; col++) {
      let at = m + (channel << 2) + col * step;
      const m0 = v128.load(at), m1 = v128.load((at += 6 * step)), m2 = v128.load((at += 6 * step));
      const m3 = v128.load((at += 6 * step)), m4 = v128.load((at += 6 * step)), m5 = v128.load(at + 6 * step);
      const to = temporary + (col << 4);
      const near = f32x4.add(m1, m2), nearOdd = f32x4.sub(m1, m2), far = f32x4.add(m3, m4), farOdd = f32x4.sub(m3, m4);
      v128.store(to, f32x4.add(m0, f32x4.add(near, far)));
      v128.store(to, madd(splat(2), farOdd, nearOdd), 96);
      v128.store(to, madd(splat(4), far, near), 192);
      v128.store(to, f32x4.add(m5, madd(splat(8), farOdd, nearOdd)), 288);
    }
    const shift = bias == 0 ? splat(0) : loadWithin(bias + (channel << 2), valid, true);
    for (let row: usize = 0; row < down; row++) {
      const at = temporary + row * 96;
      const m0 = v128.load(at), m1 = v128.load(at, 16), m2 = v128.load(at, 32);
      const m3 = v128.load(at, 48), m4 = v128.load(at, 64), m5 = v128.load(at, 80);
      const near = f32x4.add(m1, m2), nearOdd = f32x4.sub(m1, m2), far = f32x4.add(m3, m4), farOdd = f32x4.sub(m3, m4);
      let to = image + ((((top + row) * width + left) * channels + channel) << 2);
      putOutput(to, f32x4.add(m0, f32x4.add(near, far)), shift, valid, relu);
      if (across > 1) putOutput((to += channels << 2), madd(splat(2), farOdd, nearOdd), shift, valid, relu);
      if (across > 2) putOutput((to += channels << 2), madd(splat(4), far, near), shift, valid, relu);
      if (across > 3) putOutput(to + (channels << 2), f32x4.add(m5, madd(splat(8), farOdd, nearOdd)), shift, valid, relu);
    }
  }
}

@inline
function putOutput(to: usize, value: v128, shift: v128, valid: usize, relu: bool): void {
  value = f32x4.add(value, shift);
  if (relu) value = f32x4.max(value, splat(0));
  if (valid == 4) v128.store(to, value);
  else storePart(to, value, valid);
}

function storePart(to: usize, value: v128, valid: usize): void {
  store<f32>(to, f32x4.extract_lane(value, 0));
  if (valid > 1) store<f32>(to, f32x4.extract_lane(value, 1), 4);
  if (valid > 2) store<f32>(to, f32x4.extract_lane(value, 2), 8);
}

/**
 * What the tiles `firstTile` to before `endTile` give to filterGradient [3, 3, inChannels, outChannels] of a convolution with input
 * x and output gradient dy.
 */
export function winogradFilterGradient(
  x: usize, dy: usize, filterGradient: usize,
  height: usize, width: usize, inChannels: usize, outHeight: usize, outWidth: usize, outChannels: usize,
  padTop: isize, padLeft: isize, firstTile: usize, endTile: usize, scratch: usize,
): void {
  const inputs = roundUp(inChannels, 4), outputs = roundUp(outChannels, 8);
  const temporary = scratch;
  const du = temporary + ((POINTS * 4) << 2);
  const v = du + ((POINTS * inputs * outputs) << 2);
  const dm = v + ((POINTS * BACKWARD_TILES * inputs) << 2);
  const tilesAcross = (outWidth + 3) >> 2, tilesOfImage = winogradTiles(outHeight, outWidth);
  for (let start = firstTile; start < endTile; start += BACKWARD_TILES) {
    const count = min<usize>(BACKWARD_TILES, endTile - start);
    for (let i: usize = 0; i < count; i++) {
      const tile = start + i;
      const image = tile / tilesOfImage, rest = tile % tilesOfImage;
      const top = (rest / tilesAcross) << 2, left = (rest % tilesAcross) << 2;
      transformInput(x + ((image * height * width * inChannels) << 2), v + ((i * inputs) << 2), BACKWARD_TILES * inputs,
        temporary, height, width, inChannels, inputs, <isize>top - padTop, <isize>left - padLeft);
      transformGradient(dy + ((image * outHeight * outWidth * outChannels) << 2), dm + ((i * 8) << 2), count * 8, BACKWARD_TILES * outputs,
        temporary, outHeight, outWidth, outChannels, outputs, top, left);
    }
    for (let point: usize = 0; point < POINTS; point++) {
      multiplyPacked(v + ((point * BACKWARD_TILES * inputs) << 2), 1, inputs, dm + ((point * BACKWARD_TILES * outputs) << 2),
        du + ((point * inputs * outputs) << 2), outputs, inputs, count, outputs, start > firstTile);
    }
  }
  gatherFilterGradient(du, filterGradient, temporary, inChannels, inputs, outChannels, outputs);
}

/** A·dY·Aᵀ of one 4x4 tile, written as packed panels: channel block c of point p at dm + p·pointStride + c·panelStride. */
function transformGradient(
  image: usize, dm: usize, panelStride: usize, pointStride: usize, temporary: usize,
  height: usize, width: usize, channels: usize, padded: usize, top: usize, left: usize,
): void {
  const step = pointStride << 2;
  const pixelBytes = channels << 2, rowBytes = width * pixelBytes;
  const down = min<usize>(4, height - top), across = min<usize>(4, width - left);
  for (let channel: usize = 0; channel < padded; channel += 4) {
    const valid = channel < channels ? min<usize>(4, channels - channel) : 0;
    // temporary [6, 4] holds A·dY.
    for (let col: usize = 0; col < 4; col++) {
      const at = image + top * rowBytes + (left + col) * pixelBytes + (channel << 2);
      const here = col < across && valid > 0;
      const y0 = loadWithin(at, valid, here);
      const y1 = loadWithin(at + rowBytes, valid, here && down > 1);
      const y2 = loadWithin(at + 2 * rowBytes, valid, here && down > 2);
      const y3 = loadWithin(at + 3 * rowBytes, valid, here && down > 3);
      const to = temporary + (col << 4);
      const even = f32x4.add(y0, y2), odd = f32x4.add(y1, y3);
      const far = madd(splat(4), y2, y0), farOdd = f32x4.mul(splat(2), madd(splat(4), y3, y1));
      v128.store(to, y0);
      v128.store(to, f32x4.add(even, odd), 64);
      v128.store(to, f32x4.sub(even, odd), 128);
      v128.store(to, f32x4.add(far, farOdd), 192);
      v128.store(to, f32x4.sub(far, farOdd), 256);
      v128.store(to, y3, 320);
    }
    let to = dm + (((channel >> 3) * panelStride + (channel & 4)) << 2);
    for (let row: usize = 0; row < 6; row++) {
      const at = temporary + (row << 6);
      const y0 = v128.load(at), y1 = v128.load(at, 16), y2 = v128.load(at, 32), y3 = v128.load(at, 48);
      const even = f32x4.add(y0, y2), odd = f32x4.add(y1, y3);
      const far = madd(splat(4), y2, y0), farOdd = f32x4.mul(splat(2), madd(splat(4), y3, y1));
      v128.store(to, y0);
      v128.store((to += step), f32x4.add(even, odd));
      v128.store((to += step), f32x4.sub(even, odd));
      v128.store((to += step), f32x4.add(far, farOdd));
      v128.store((to += step), f32x4.sub(far, farOdd));
      v128.store((to += step), y3);
      to += step;
    }
  }
}

/** dW = Gᵀ·dU·G for each pair of channels, four output channels at a time. */
function gatherFilterGradient(
  du: usize, filterGradient: usize, temporary: usize, inChannels: usize, inputs: usize, outChannels: usize, outputs: usize,
): void {
  const step = (inputs * outputs) << 2;
  const pairs = (inChannels * outChannels) << 2;
  const sixth = splat(1.0 / 6.0), twelfth = splat(1.0 / 12.0), twentyFourth = splat(1.0 / 24.0);
  for (let i: usize = 0; i < inChannels; i++) {
    for (let o: usize = 0; o < outChannels; o += 4) {
      const valid = min<usize>(4, outChannels - o);
      // temporary [3, 6] holds Gᵀ·dU.
      for (let col: usize = 0; col < 6; col++) {
        let at = du + ((i * outputs + o) << 2) + col * step;
        const u0 = v128.load(at), u1 = v128.load((at += 6 * step)), u2 = v128.load((at += 6 * step));
        const u3 = v128.load((at += 6 * step)), u4 = v128.load((at += 6 * step)), u5 = v128.load(at + 6 * step);
        const near = f32x4.mul(sixth, f32x4.add(u1, u2)), far = f32x4.add(u3, u4);
        const to = temporary + (col << 4);
        v128.store(to, f32x4.sub(madd(splat(0.25), u0, f32x4.mul(twentyFourth, far)), near));
        v128.store(to, madd(sixth, f32x4.sub(u2, u1), f32x4.mul(twelfth, f32x4.sub(u3, u4))), 96);
        v128.store(to, f32x4.sub(madd(sixth, far, u5), near), 192);
      }
      for (let row: usize = 0; row < 3; row++) {
        const at = temporary + row * 96;
        const u0 = v128.load(at), u1 = v128.load(at, 16), u2 = v128.load(at, 32);
        const u3 = v128.load(at, 48), u4 = v128.load(at, 64), u5 = v128.load(at, 80);
        const near = f32x4.mul(sixth, f32x4.add(u1, u2)), far = f32x4.add(u3, u4);
        const to = filterGradient + row * 3 * pairs + ((i * outChannels + o) << 2);
        putOutput(to, f32x4.sub(madd(splat(0.25), u0, f32x4.mul(twentyFourth, far)), near), splat(0), valid, false);
        putOutput(to + pairs, madd(sixth, f32x4.sub(u2, u1), f32x4.mul(twelfth, f32x4.sub(u3, u4))), splat(0), valid, false);
        putOutput(to + 2 * pairs, f32x4.sub(madd(sixth, far, u5), near), splat(0), valid, false);
      }
    }
  }
}
