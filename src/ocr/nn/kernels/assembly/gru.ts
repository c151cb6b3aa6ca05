/**
 * The recurrent part of a bidirectional gated recurrent unit (reset gate after the recurrent product), the whole scan of a direction in one call.
 * gates [batch, time, 2, 3·units]: the inputs' share of reset, update and new; recurrentKernel [2, units, 3·units];
 * recurrentBias [2, 3·units]; outputs [batch, time, 2·units]. Beyond an item's length the outputs are 0, so that its backward
 * direction starts at its own end with a state of 0.
 * saved [2, batch, time, 4·units] keeps reset, update, new and the recurrent share of new for the gradient.
 * Pointers in bytes, sizes in floats.
 */
import { lane, sigmoid, tanh } from './activations';
import { multiplyPacked, packColumns, packedSize } from './gemm';
import { copyFloats, madd, splat, sumColumns, zeroFloats } from './simd';

/** Bytes that `gruForward` needs as working memory. */
export function gruForwardBytes(batch: usize, units: usize): usize {
  return (packedSize(units, 3 * units) + batch * 3 * units) << 2;
}

/** Bytes that `gruGradient` needs as working memory. */
export function gruGradientBytes(batch: usize, time: usize, units: usize): usize {
  const hidden = batch * time * 3 * units;
  return (packedSize(3 * units, units) + 2 * batch * units + hidden + batch * time * units + packedSize(batch * time, 3 * units)) << 2;
}

/**
 * One direction, 0 or 1. `lengths`: int32 [batch], or 0 when every item has `time` steps; `panels`: recurrentKernel of both directions, packed, or 0 if
 * that is still to be done; `saved` 0: nothing is kept.
 */
export function gruForward(
  gates: usize, recurrentKernel: usize, recurrentBias: usize, lengths: usize, panels: usize, outputs: usize, saved: usize,
  batch: usize, time: usize, units: usize, direction: usize, scratch: usize,
): void {
  const width = 3 * units;
  const panelBytes = packedSize(units, width) << 2;
  const packed = panels == 0 ? scratch : panels + direction * panelBytes;
  const hidden = scratch + panelBytes;
  if (panels == 0) packColumns(recurrentKernel + ((direction * units * width) << 2), width, 1, units, width, packed);
  const bias = recurrentBias + ((direction * width) << 2);
  for (let step: usize = 0; step < time; step++) {
    const t = direction == 0 ? step : time - 1 - step;
    const before = direction == 0 ? t - 1 : t + 1;
    if (step > 0)
      multiplyPacked(outputs + ((before * 2 * units + direction * units) << 2), time * 2 * units, 1, packed, hidden, width, batch, units, width, false);
    else zeroFloats(hidden, batch * width);
    for (let b: usize = 0; b < batch; b++) {
      const place = (b * time + t) * 2 + direction;
      const out = outputs + ((place * units) << 2);
      if (lengths != 0 && t >= <usize>load<i32>(lengths + (b << 2))) {
        zeroFloats(out, units);
        continue;
      }
      const previous = step > 0 ? outputs + ((((b * time + before) * 2 + direction) * units) << 2) : 0;
      const kept = saved == 0 ? 0 : saved + ((((direction * batch + b) * time + t) * 4 * units) << 2);
      cell(gates + ((place * width) << 2), hidden + ((b * width) << 2), bias, previous, out, kept, units);
    }
  }
}

function cell(gates: usize, hidden: usize, bias: usize, previous: usize, out: usize, kept: usize, units: usize): void {
  const third = units << 2;
  let i: usize = 0;
  for (; i + 16 <= third; i += 16) {
    const r = sigmoid(f32x4.add(f32x4.add(v128.load(gates + i), v128.load(hidden + i)), v128.load(bias + i)));
    const z = sigmoid(f32x4.add(f32x4.add(v128.load(gates + third + i), v128.load(hidden + third + i)), v128.load(bias + third + i)));
    const recurrent = f32x4.add(v128.load(hidden + 2 * third + i), v128.load(bias + 2 * third + i));
    const n = tanh(madd(r, recurrent, v128.load(gates + 2 * third + i)));
    const h = previous == 0 ? splat(0) : v128.load(previous + i);
    v128.store(out + i, madd(z, f32x4.sub(h, n), n));
    if (kept != 0) {
      v128.store(kept + i, r);
      v128.store(kept + third + i, z);
      v128.store(kept + 2 * third + i, n);
      v128.store(kept + 3 * third + i, recurrent);
    }
  }
  for (; i < third; i += 4) {
    const r = lane(sigmoid(splat(load<f32>(gates + i) + load<f32>(hidden + i) + load<f32>(bias + i))));
    const z = lane(sigmoid(splat(load<f32>(gates + third + i) + load<f32>(hidden + third + i) + load<f32>(bias + third + i))));
    const recurrent = load<f32>(hidden + 2 * third + i) + load<f32>(bias + 2 * third + i);
    const n = lane(tanh(splat(load<f32>(gates + 2 * third + i) + r * recurrent)));
    const h: f32 = previous == 0 ? 0 : load<f32>(previous + i);
    store<f32>(out + i, n + z * (h - n));
    if (kept != 0) {
      store<f32>(kept + i, r);
      store<f32>(kept + third + i, z);
      store<f32>(kept + 2 * third + i, n);
      store<f32>(kept + 3 * third + i, recurrent);
    }
  }
}

/** Gradients of `gruForward`, of its direction, for dy [batch, time, 2·units]: dGates, dRecurrentKernel, dRecurrentBias in the shapes of their values. */
export function gruGradient(
  dy: usize, recurrentKernel: usize, lengths: usize, outputs: usize, saved: usize,
  dGates: usize, dRecurrentKernel: usize, dRecurrentBias: usize, batch: usize, time: usize, units: usize, direction: usize, scratch: usize,
): void {
  const width = 3 * units;
  const transposed = scratch;
  const carried = transposed + (packedSize(width, units) << 2);
  const product = carried + ((batch * units) << 2);
  const dHidden = product + ((batch * units) << 2);
  const previous = dHidden + ((batch * time * width) << 2);
  const packed = previous + ((batch * time * units) << 2);
  const kernel = recurrentKernel + ((direction * units * width) << 2);
  packColumns(kernel, 1, width, width, units, transposed);
  zeroFloats(carried, batch * units);
  for (let step: usize = 0; step < time; step++) {
    // The scan in reverse: the last step of the direction first.
    const t = direction == 0 ? time - 1 - step : step;
    const first = step == time - 1;
    const before = direction == 0 ? t - 1 : t + 1;
    for (let b: usize = 0; b < batch; b++) {
      const place = (b * time + t) * 2 + direction;
      const dh = carried + ((b * units) << 2);
      const into = dHidden + (((t * batch + b) * width) << 2);
      const state = previous + (((t * batch + b) * units) << 2);
      if (lengths != 0 && t >= <usize>load<i32>(lengths + (b << 2))) {
        zeroFloats(dGates + ((place * width) << 2), width);
        zeroFloats(into, width);
        zeroFloats(state, units);
        zeroFloats(dh, units);
        continue;
      }
      if (first) zeroFloats(state, units);
      else copyFloats(state, outputs + ((((b * time + before) * 2 + direction) * units) << 2), units);
      const kept = saved + ((((direction * batch + b) * time + t) * 4 * units) << 2);
      cellGradient(dy + ((place * units) << 2), kept, state, dh, dGates + ((place * width) << 2), into, units);
    }
    if (first) break;
    multiplyPacked(dHidden + ((t * batch * width) << 2), width, 1, transposed, product, units, batch, width, units, false);
    for (let i: usize = 0; i < batch * units; i++)
      store<f32>(carried + (i << 2), load<f32>(carried + (i << 2)) + load<f32>(product + (i << 2)));
  }
  packColumns(dHidden, width, 1, batch * time, width, packed);
  multiplyPacked(previous, 1, units, packed, dRecurrentKernel + ((direction * units * width) << 2), width, units, batch * time, width, false);
  sumColumns(dHidden, width, dRecurrentBias + ((direction * width) << 2), batch * time, width);
}

/** `dh` holds the gradient of the state from the next step, and afterwards the part that passes to the state before without the recurrent product. */
function cellGradient(dy: usize, kept: usize, state: usize, dh: usize, dGates: usize, dHidden: usize, units: usize): void {
  const third = units << 2;
  const one = splat(1);
  let i: usize = 0;
  for (; i + 16 <= third; i += 16) {
    const r = v128.load(kept + i), z = v128.load(kept + third + i), n = v128.load(kept + 2 * third + i);
    const recurrent = v128.load(kept + 3 * third + i);
    const d = f32x4.add(v128.load(dy + i), v128.load(dh + i));
    const rest = f32x4.sub(one, z);
    const dn = f32x4.mul(f32x4.mul(d, rest), f32x4.sub(one, f32x4.mul(n, n)));
    const dz = f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(state + i), n)), f32x4.mul(z, rest));
    const dr = f32x4.mul(f32x4.mul(dn, recurrent), f32x4.mul(r, f32x4.sub(one, r)));
    v128.store(dGates + i, dr);
    v128.store(dGates + third + i, dz);
    v128.store(dGates + 2 * third + i, dn);
    v128.store(dHidden + i, dr);
    v128.store(dHidden + third + i, dz);
    v128.store(dHidden + 2 * third + i, f32x4.mul(dn, r));
    v128.store(dh + i, f32x4.mul(d, z));
  }
  for (; i < third; i += 4) {
    const r = load<f32>(kept + i), z = load<f32>(kept + third + i), n = load<f32>(kept + 2 * third + i);
    const d = load<f32>(dy + i) + load<f32>(dh + i);
    const dn = d * (1 - z) * (1 - n * n);
    const dz = d * (load<f32>(state + i) - n) * z * (1 - z);
    const dr = dn * load<f32>(kept + 3 * third + i) * r * (1 - r);
    store<f32>(dGates + i, dr);
    store<f32>(dGates + third + i, dz);
    store<f32>(dGates + 2 * third + i, dn);
    store<f32>(dHidden + i, dr);
    store<f32>(dHidden + third + i, dz);
    store<f32>(dHidden + 2 * third + i, dn * r);
    store<f32>(dh + i, d * z);
  }
}
