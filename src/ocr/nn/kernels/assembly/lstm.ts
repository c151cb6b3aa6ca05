/**
 * The recurrent part of a long short-term memory in one or two directions, the whole scan of a direction in one call.
 * gates [batch, time, directions, 4·units]: the inputs' share of input gate, forget gate, candidate and output gate, bias included;
 * recurrentKernel [directions, units, 4·units]; outputs [batch, time, directions·units]; direction 1 runs backwards.
 * Beyond an item's length outputs and cells are 0, so that its backward direction starts at its own end with a state of 0.
 * saved [directions, batch, time, 5·units] keeps the four gates and the cell for the gradient.
 * Pointers in bytes, sizes in floats.
 */
import { lane, sigmoid, tanh } from './activations';
import { multiplyPacked, packColumns, packedSize } from './gemm';
import { copyFloats, madd, splat, zeroFloats } from './simd';

/** Bytes that `lstmForward` needs as working memory. */
export function lstmForwardBytes(batch: usize, units: usize): usize {
  return (packedSize(units, 4 * units) + batch * 4 * units) << 2;
}

/** Bytes that `lstmGradient` needs as working memory. */
export function lstmGradientBytes(batch: usize, time: usize, units: usize): usize {
  return (packedSize(4 * units, units) + 2 * batch * units + batch * time * units + packedSize(batch * time, 4 * units)) << 2;
}

/**
 * One direction, from 0. `lengths`: int32 [batch], or 0 when every item has `time` steps; `panels`: recurrentKernel of all directions, packed, or 0
 * if that is still to be done.
 */
export function lstmForward(
  gates: usize, recurrentKernel: usize, lengths: usize, panels: usize, outputs: usize, saved: usize,
  batch: usize, time: usize, units: usize, directions: usize, direction: usize, scratch: usize,
): void {
  const width = 4 * units;
  const panelBytes = packedSize(units, width) << 2;
  const packed = panels == 0 ? scratch : panels + direction * panelBytes;
  const hidden = scratch + panelBytes;
  if (panels == 0) packColumns(recurrentKernel + ((direction * units * width) << 2), width, 1, units, width, packed);
  for (let step: usize = 0; step < time; step++) {
    const t = direction == 0 ? step : time - 1 - step;
    const before = direction == 0 ? t - 1 : t + 1;
    if (step > 0)
      multiplyPacked(outputs + (((before * directions + direction) * units) << 2), time * directions * units, 1, packed, hidden, width, batch, units, width, false);
    else zeroFloats(hidden, batch * width);
    for (let b: usize = 0; b < batch; b++) {
      const place = (b * time + t) * directions + direction;
      const out = outputs + ((place * units) << 2);
      const kept = saved + ((((direction * batch + b) * time + t) * 5 * units) << 2);
      if (lengths != 0 && t >= <usize>load<i32>(lengths + (b << 2))) {
        zeroFloats(out, units);
        zeroFloats(kept, 5 * units);
        continue;
      }
      const cellBefore = step > 0 ? saved + (((((direction * batch + b) * time + before) * 5 + 4) * units) << 2) : 0;
      cell(gates + ((place * width) << 2), hidden + ((b * width) << 2), cellBefore, out, kept, units);
    }
  }
}

function cell(gates: usize, hidden: usize, cellBefore: usize, out: usize, kept: usize, units: usize): void {
  const part = units << 2;
  let i: usize = 0;
  for (; i + 16 <= part; i += 16) {
    const input = sigmoid(f32x4.add(v128.load(gates + i), v128.load(hidden + i)));
    const forget = sigmoid(f32x4.add(v128.load(gates + part + i), v128.load(hidden + part + i)));
    const candidate = tanh(f32x4.add(v128.load(gates + 2 * part + i), v128.load(hidden + 2 * part + i)));
    const output = sigmoid(f32x4.add(v128.load(gates + 3 * part + i), v128.load(hidden + 3 * part + i)));
    const before = cellBefore == 0 ? splat(0) : v128.load(cellBefore + i);
    const state = madd(forget, before, f32x4.mul(input, candidate));
    v128.store(out + i, f32x4.mul(output, tanh(state)));
    v128.store(kept + i, input);
    v128.store(kept + part + i, forget);
    v128.store(kept + 2 * part + i, candidate);
    v128.store(kept + 3 * part + i, output);
    v128.store(kept + 4 * part + i, state);
  }
  for (; i < part; i += 4) {
    const input = lane(sigmoid(splat(load<f32>(gates + i) + load<f32>(hidden + i))));
    const forget = lane(sigmoid(splat(load<f32>(gates + part + i) + load<f32>(hidden + part + i))));
    const candidate = lane(tanh(splat(load<f32>(gates + 2 * part + i) + load<f32>(hidden + 2 * part + i))));
    const output = lane(sigmoid(splat(load<f32>(gates + 3 * part + i) + load<f32>(hidden + 3 * part + i))));
    const before: f32 = cellBefore == 0 ? 0 : load<f32>(cellBefore + i);
    const state = forget * before + input * candidate;
    store<f32>(out + i, output * lane(tanh(splat(state))));
    store<f32>(kept + i, input);
    store<f32>(kept + part + i, forget);
    store<f32>(kept + 2 * part + i, candidate);
    store<f32>(kept + 3 * part + i, output);
    store<f32>(kept + 4 * part + i, state);
  }
}

/** Gradients of `lstmForward`, of its direction, for dy [batch, time, directions·units]: dGates and dRecurrentKernel in the shapes of their values. */
export function lstmGradient(
  dy: usize, recurrentKernel: usize, lengths: usize, outputs: usize, saved: usize, dGates: usize, dRecurrentKernel: usize,
  batch: usize, time: usize, units: usize, directions: usize, direction: usize, scratch: usize,
): void {
  const width = 4 * units;
  const rowStride = directions * width;
  const transposed = scratch;
  const carried = transposed + (packedSize(width, units) << 2);
  const carriedCell = carried + ((batch * units) << 2);
  const previous = carriedCell + ((batch * units) << 2);
  const packed = previous + ((batch * time * units) << 2);
  packColumns(recurrentKernel + ((direction * units * width) << 2), 1, width, width, units, transposed);
  zeroFloats(carried, 2 * batch * units);
  for (let step: usize = 0; step < time; step++) {
    // The scan in reverse: the last step of the direction first.
    const t = direction == 0 ? time - 1 - step : step;
    const first = step == time - 1;
    const before = direction == 0 ? t - 1 : t + 1;
    for (let b: usize = 0; b < batch; b++) {
      const place = (b * time + t) * directions + direction;
      const into = dGates + ((place * width) << 2);
      const state = previous + (((b * time + t) * units) << 2);
      const dc = carriedCell + ((b * units) << 2);
      if (lengths != 0 && t >= <usize>load<i32>(lengths + (b << 2))) {
        zeroFloats(into, width);
        zeroFloats(state, units);
        zeroFloats(dc, units);
        continue;
      }
      if (first) zeroFloats(state, units);
      else copyFloats(state, outputs + ((((b * time + before) * directions + direction) * units) << 2), units);
      const kept = saved + ((((direction * batch + b) * time + t) * 5 * units) << 2);
      const cellBefore = first ? 0 : saved + (((((direction * batch + b) * time + before) * 5 + 4) * units) << 2);
      cellGradient(dy + ((place * units) << 2), carried + ((b * units) << 2), kept, cellBefore, dc, into, units);
    }
    if (first) break;
    multiplyPacked(dGates + (((t * directions + direction) * width) << 2), time * rowStride, 1, transposed, carried, units, batch, width, units, false);
  }
  const from = dGates + ((direction * width) << 2);
  packColumns(from, rowStride, 1, batch * time, width, packed);
  multiplyPacked(previous, 1, units, packed, dRecurrentKernel + ((direction * units * width) << 2), width, units, batch * time, width, false);
}

/** `dc` holds the gradient of the cell from the next step, and afterwards that of the cell before. */
function cellGradient(dy: usize, dh: usize, kept: usize, cellBefore: usize, dc: usize, dGates: usize, units: usize): void {
  const part = units << 2;
  const one = splat(1);
  let i: usize = 0;
  for (; i + 16 <= part; i += 16) {
    const input = v128.load(kept + i), forget = v128.load(kept + part + i), candidate = v128.load(kept + 2 * part + i);
    const output = v128.load(kept + 3 * part + i), squashed = tanh(v128.load(kept + 4 * part + i));
    const before = cellBefore == 0 ? splat(0) : v128.load(cellBefore + i);
    const d = f32x4.add(v128.load(dy + i), v128.load(dh + i));
    const slope = f32x4.sub(one, f32x4.mul(squashed, squashed));
    const dState = madd(f32x4.mul(d, output), slope, v128.load(dc + i));
    v128.store(dGates + i, f32x4.mul(f32x4.mul(dState, candidate), f32x4.mul(input, f32x4.sub(one, input))));
    v128.store(dGates + part + i, f32x4.mul(f32x4.mul(dState, before), f32x4.mul(forget, f32x4.sub(one, forget))));
    v128.store(dGates + 2 * part + i, f32x4.mul(f32x4.mul(dState, input), f32x4.sub(one, f32x4.mul(candidate, candidate))));
    v128.store(dGates + 3 * part + i, f32x4.mul(f32x4.mul(d, squashed), f32x4.mul(output, f32x4.sub(one, output))));
    v128.store(dc + i, f32x4.mul(dState, forget));
  }
  for (; i < part; i += 4) {
    const input = load<f32>(kept + i), forget = load<f32>(kept + part + i), candidate = load<f32>(kept + 2 * part + i);
    const output = load<f32>(kept + 3 * part + i), squashed = lane(tanh(splat(load<f32>(kept + 4 * part + i))));
    const before: f32 = cellBefore == 0 ? 0 : load<f32>(cellBefore + i);
    const d = load<f32>(dy + i) + load<f32>(dh + i);
    const dState = load<f32>(dc + i) + d * output * (1 - squashed * squashed);
    store<f32>(dGates + i, dState * candidate * input * (1 - input));
    store<f32>(dGates + part + i, dState * before * forget * (1 - forget));
    store<f32>(dGates + 2 * part + i, dState * input * (1 - candidate * candidate));
    store<f32>(dGates + 3 * part + i, d * squashed * output * (1 - output));
    store<f32>(dc + i, dState * forget);
  }
}
