/**
 * Scans of recurrent layers in WGSL. One workgroup computes one item in one direction over all its time steps: states stand in
 * workgroup memory, threads share the units. Uniforms: `batch`, `time`. All tables are row-major.
 */

/** Threads of a workgroup; WebGPU promises 256, and most layers have not more units. */
export const SCAN_THREADS = 128;

function begin(units: number, directions: number): string {
  return `
    const UNITS = ${units};
    const DIRECTIONS = ${directions};
    const THREADS = ${SCAN_THREADS};
    var<workgroup> sharedLength : i32;
    fn sigma(x : f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
    // exp overflows where tanh is 1 to the last bit.
    fn tangent(x : f32) -> f32 { return tanh(clamp(x, -15.0, 15.0)); }
    fn main(index : i32) {
      let item = i32(workgroupId.x);
      let direction = i32(workgroupId.y);
      let thread = i32(localIndex);
      if (thread == 0) { sharedLength = lengths[item]; }
      let length = workgroupUniformLoad(&sharedLength);`;
}

/** Gates [batch, time, 2, 3·units]; result: outputs [batch, time, 2·units], then saved [2, batch, time, 4·units]. */
export function gruForwardCode(units: number): string {
  return `
    var<workgroup> state : array<f32, ${2 * units}>;
    ${begin(units, 2)}
      let savedAt = uniforms.batch * uniforms.time * DIRECTIONS * UNITS;
      for (var j = thread; j < UNITS; j += THREADS) {
        state[j] = 0.0;
        for (var t = length; t < uniforms.time; t++) {
          result[((item * uniforms.time + t) * DIRECTIONS + direction) * UNITS + j] = 0.0;
        }
      }
      workgroupBarrier();
      for (var i = 0; i < length; i++) {
        let t = select(length - 1 - i, i, direction == 0);
        let before = (i % 2) * UNITS;
        let after = UNITS - before;
        let gatesAt = ((item * uniforms.time + t) * 2 + direction) * 3 * UNITS;
        let kept = savedAt + ((direction * uniforms.batch + item) * uniforms.time + t) * 4 * UNITS;
        for (var j = thread; j < UNITS; j += THREADS) {
          let biasAt = direction * 3 * UNITS + j;
          var r = recurrentBias[biasAt];
          var z = recurrentBias[biasAt + UNITS];
          var n = recurrentBias[biasAt + 2 * UNITS];
          var w = direction * UNITS * 3 * UNITS + j;
          for (var k = 0; k < UNITS; k++) {
            let h = state[before + k];
            r += h * recurrentKernel[w];
            z += h * recurrentKernel[w + UNITS];
            n += h * recurrentKernel[w + 2 * UNITS];
            w += 3 * UNITS;
          }
          let reset = sigma(r + gates[gatesAt + j]);
          let renew = sigma(z + gates[gatesAt + UNITS + j]);
          let fresh = tangent(gates[gatesAt + 2 * UNITS + j] + reset * n);
          let next = fresh + renew * (state[before + j] - fresh);
          state[after + j] = next;
          result[((item * uniforms.time + t) * 2 + direction) * UNITS + j] = next;
          result[kept + j] = reset;
          result[kept + UNITS + j] = renew;
          result[kept + 2 * UNITS + j] = fresh;
          result[kept + 3 * UNITS + j] = n;
        }
        workgroupBarrier();
      }
    }`;
}

/**
 * Result: gradients of the gates [batch, time, 2, 3·units], those of the recurrent products [2, batch, time, 3·units], the states before
 * each step [2, batch, time, units]. `transposed` is the recurrent kernel as [2, 3·units, units].
 */
export function gruBackwardCode(units: number): string {
  return `
    var<workgroup> sums : array<f32, ${3 * units}>;
    var<workgroup> carried : array<f32, ${units}>;
    ${begin(units, 2)}
      let steps = uniforms.batch * uniforms.time;
      let productsAt = steps * 2 * 3 * UNITS;
      let statesAt = productsAt + 2 * steps * 3 * UNITS;
      for (var j = thread; j < UNITS; j += THREADS) {
        carried[j] = 0.0;
        for (var t = length; t < uniforms.time; t++) {
          let place = (direction * uniforms.batch + item) * uniforms.time + t;
          result[statesAt + place * UNITS + j] = 0.0;
          for (var gate = 0; gate < 3; gate++) {
            result[((item * uniforms.time + t) * 2 + direction) * 3 * UNITS + gate * UNITS + j] = 0.0;
            result[productsAt + place * 3 * UNITS + gate * UNITS + j] = 0.0;
          }
        }
      }
      workgroupBarrier();
      for (var i = length - 1; i >= 0; i--) {
        let t = select(length - 1 - i, i, direction == 0);
        let earlier = select(t + 1, t - 1, direction == 0);
        let place = (direction * uniforms.batch + item) * uniforms.time + t;
        let kept = place * 4 * UNITS;
        let gatesAt = ((item * uniforms.time + t) * 2 + direction) * 3 * UNITS;
        for (var j = thread; j < UNITS; j += THREADS) {
          let reset = saved[kept + j];
          let renew = saved[kept + UNITS + j];
          let fresh = saved[kept + 2 * UNITS + j];
          let product = saved[kept + 3 * UNITS + j];
          var before = 0.0;
          if (i > 0) { before = outputs[((item * uniforms.time + earlier) * 2 + direction) * UNITS + j]; }
          let dh = dy[((item * uniforms.time + t) * 2 + direction) * UNITS + j] + carried[j];
          let dFresh = dh * (1.0 - renew) * (1.0 - fresh * fresh);
          let dRenew = dh * (before - fresh) * renew * (1.0 - renew);
          let dReset = dFresh * product * reset * (1.0 - reset);
          carried[j] = dh * renew;
          sums[j] = dReset;
          sums[UNITS + j] = dRenew;
          sums[2 * UNITS + j] = dFresh * reset;
          result[gatesAt + j] = dReset;
          result[gatesAt + UNITS + j] = dRenew;
          result[gatesAt + 2 * UNITS + j] = dFresh;
          result[productsAt + place * 3 * UNITS + j] = dReset;
          result[productsAt + place * 3 * UNITS + UNITS + j] = dRenew;
          result[productsAt + place * 3 * UNITS + 2 * UNITS + j] = dFresh * reset;
          result[statesAt + place * UNITS + j] = before;
        }
        workgroupBarrier();
        for (var j = thread; j < UNITS; j += THREADS) {
          var sum = carried[j];
          var w = direction * 3 * UNITS * UNITS + j;
          for (var k = 0; k < 3 * UNITS; k++) {
            sum += sums[k] * transposed[w];
            w += UNITS;
          }
          carried[j] = sum;
        }
        workgroupBarrier();
      }
    }`;
}

/** Gates [batch, time, directions, 4·units]; result: outputs [batch, time, directions·units], then saved [directions, batch, time, 5·units]. */
export function lstmForwardCode(units: number, directions: number): string {
  return `
    var<workgroup> state : array<f32, ${2 * units}>;
    var<workgroup> cell : array<f32, ${units}>;
    ${begin(units, directions)}
      let savedAt = uniforms.batch * uniforms.time * DIRECTIONS * UNITS;
      for (var j = thread; j < UNITS; j += THREADS) {
        state[j] = 0.0;
        cell[j] = 0.0;
        for (var t = length; t < uniforms.time; t++) {
          result[((item * uniforms.time + t) * DIRECTIONS + direction) * UNITS + j] = 0.0;
        }
      }
      workgroupBarrier();
      for (var i = 0; i < length; i++) {
        let t = select(length - 1 - i, i, direction == 0);
        let before = (i % 2) * UNITS;
        let after = UNITS - before;
        let gatesAt = ((item * uniforms.time + t) * DIRECTIONS + direction) * 4 * UNITS;
        let kept = savedAt + ((direction * uniforms.batch + item) * uniforms.time + t) * 5 * UNITS;
        for (var j = thread; j < UNITS; j += THREADS) {
          var a = gates[gatesAt + j];
          var f = gates[gatesAt + UNITS + j];
          var g = gates[gatesAt + 2 * UNITS + j];
          var o = gates[gatesAt + 3 * UNITS + j];
          var w = direction * UNITS * 4 * UNITS + j;
          for (var k = 0; k < UNITS; k++) {
            let h = state[before + k];
            a += h * recurrentKernel[w];
            f += h * recurrentKernel[w + UNITS];
            g += h * recurrentKernel[w + 2 * UNITS];
            o += h * recurrentKernel[w + 3 * UNITS];
            w += 4 * UNITS;
          }
          a = sigma(a);
          f = sigma(f);
          g = tangent(g);
          o = sigma(o);
          let c = f * cell[j] + a * g;
          let next = o * tangent(c);
          cell[j] = c;
          state[after + j] = next;
          result[((item * uniforms.time + t) * DIRECTIONS + direction) * UNITS + j] = next;
          result[kept + j] = a;
          result[kept + UNITS + j] = f;
          result[kept + 2 * UNITS + j] = g;
          result[kept + 3 * UNITS + j] = o;
          result[kept + 4 * UNITS + j] = c;
        }
        workgroupBarrier();
      }
    }`;
}

/**
 * Result: gradients of the gates [batch, time, directions, 4·units], the same as [directions, batch, time, 4·units], the states before
 * each step [directions, batch, time, units]. `transposed` is the recurrent kernel as [directions, 4·units, units].
 */
export function lstmBackwardCode(units: number, directions: number): string {
  return `
    var<workgroup> sums : array<f32, ${4 * units}>;
    var<workgroup> carried : array<f32, ${units}>;
    var<workgroup> carriedCell : array<f32, ${units}>;
    ${begin(units, directions)}
      let steps = uniforms.batch * uniforms.time;
      let productsAt = steps * DIRECTIONS * 4 * UNITS;
      let statesAt = 2 * productsAt;
      for (var j = thread; j < UNITS; j += THREADS) {
        carried[j] = 0.0;
        carriedCell[j] = 0.0;
        for (var t = length; t < uniforms.time; t++) {
          let place = (direction * uniforms.batch + item) * uniforms.time + t;
          result[statesAt + place * UNITS + j] = 0.0;
          for (var gate = 0; gate < 4; gate++) {
            result[((item * uniforms.time + t) * DIRECTIONS + direction) * 4 * UNITS + gate * UNITS + j] = 0.0;
            result[productsAt + place * 4 * UNITS + gate * UNITS + j] = 0.0;
          }
        }
      }
      workgroupBarrier();
      for (var i = length - 1; i >= 0; i--) {
        let t = select(length - 1 - i, i, direction == 0);
        let earlier = select(t + 1, t - 1, direction == 0);
        let row = (direction * uniforms.batch + item) * uniforms.time;
        let place = row + t;
        let kept = place * 5 * UNITS;
        let gatesAt = ((item * uniforms.time + t) * DIRECTIONS + direction) * 4 * UNITS;
        for (var j = thread; j < UNITS; j += THREADS) {
          let a = saved[kept + j];
          let f = saved[kept + UNITS + j];
          let g = saved[kept + 2 * UNITS + j];
          let o = saved[kept + 3 * UNITS + j];
          let c = tangent(saved[kept + 4 * UNITS + j]);
          var before = 0.0;
          var cellBefore = 0.0;
          if (i > 0) {
            before = outputs[((item * uniforms.time + earlier) * DIRECTIONS + direction) * UNITS + j];
            cellBefore = saved[(row + earlier) * 5 * UNITS + 4 * UNITS + j];
          }
          let dh = dy[((item * uniforms.time + t) * DIRECTIONS + direction) * UNITS + j] + carried[j];
          let dc = carriedCell[j] + dh * o * (1.0 - c * c);
          carriedCell[j] = dc * f;
          sums[j] = dc * g * a * (1.0 - a);
          sums[UNITS + j] = dc * cellBefore * f * (1.0 - f);
          sums[2 * UNITS + j] = dc * a * (1.0 - g * g);
          sums[3 * UNITS + j] = dh * c * o * (1.0 - o);
          for (var gate = 0; gate < 4; gate++) {
            result[gatesAt + gate * UNITS + j] = sums[gate * UNITS + j];
            result[productsAt + place * 4 * UNITS + gate * UNITS + j] = sums[gate * UNITS + j];
          }
          result[statesAt + place * UNITS + j] = before;
        }
        workgroupBarrier();
        for (var j = thread; j < UNITS; j += THREADS) {
          var sum = 0.0;
          var w = direction * 4 * UNITS * UNITS + j;
          for (var k = 0; k < 4 * UNITS; k++) {
            sum += sums[k] * transposed[w];
            w += UNITS;
          }
          carried[j] = sum;
        }
        workgroupBarrier();
      }
    }`;
}
