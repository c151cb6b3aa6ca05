/** Threads of the workgroup that computes one item. */
export const CTC_THREADS = 128;

/**
 * The forward-backward algorithm of CTC in log space (Graves et al. 2006) in WGSL, one workgroup an item.
 *
 * Inputs: logits [batch, time, classes]; labels [batch, longest] (int32); extents [batch, 2] (int32): time steps and label length, or 0
 * time steps for an item that counts for nothing. Uniforms: batch, time, classes, longest, blank.
 * Result: losses [batch], gradient [batch, time, classes], then working tables: alpha [batch, time, states], the normaliser of each step
 * [batch, time], two rows of beta [batch, 2, states]; states = 2·longest + 1.
 *
 * A row of alpha is kept near 0 by whole numbers that are taken off and counted, and the occupancy of each step is scaled to 1 by itself:
 * single precision then is enough for long lines.
 */
export const CTC_CODE = `
  const THREADS = ${CTC_THREADS};
  const NEVER = -1e30;
  // The largest value of a row, rounded down; three rows in turn, one read, one gathered, one cleared.
  var<workgroup> highest : array<atomic<i32>, 3>;
  var<workgroup> labelLength : i32;
  var<workgroup> steps : i32;

  fn logSum(a : f32, b : f32) -> f32 {
    let top = max(a, b);
    if (top <= NEVER) { return NEVER; }
    return top + log(exp(a - top) + exp(b - top));
  }
  fn classOf(item : i32, state : i32) -> i32 {
    if (state % 2 == 0) { return uniforms.blank; }
    return labels[item * uniforms.longest + state / 2];
  }
  // Whether a state may follow the one two before it: another character, with no blank in between.
  fn skips(item : i32, state : i32) -> bool {
    return state >= 2 && state % 2 == 1 && classOf(item, state) != classOf(item, state - 2);
  }

  fn main(index : i32) {
    let item = i32(workgroupId.x);
    let thread = i32(localIndex);
    if (thread == 0) {
      steps = extents[2 * item];
      labelLength = extents[2 * item + 1];
      for (var i = 0; i < 3; i++) { atomicStore(&highest[i], -1000000000); }
    }
    let frames = workgroupUniformLoad(&steps);
    let states = 2 * workgroupUniformLoad(&labelLength) + 1;
    let rows = uniforms.batch * uniforms.time;
    let table = 2 * uniforms.longest + 1;
    let logitsAt = item * uniforms.time * uniforms.classes;
    let gradientAt = uniforms.batch + logitsAt;
    let alphaAt = uniforms.batch + rows * uniforms.classes + item * uniforms.time * table;
    let normAt = uniforms.batch + rows * (uniforms.classes + table) + item * uniforms.time;
    let betaAt = uniforms.batch + rows * (uniforms.classes + table + 1) + item * 2 * table;

    // ln Σ exp of each step's logits.
    for (var t = thread; t < frames; t += THREADS) {
      let row = logitsAt + t * uniforms.classes;
      var top = logits[row];
      for (var c = 1; c < uniforms.classes; c++) { top = max(top, logits[row + c]); }
      var sum = 0.0;
      for (var c = 0; c < uniforms.classes; c++) { sum += exp(logits[row + c] - top); }
      result[normAt + t] = top + log(sum);
    }
    storageBarrier();
    workgroupBarrier();

    // The gradient starts as the softmax; 0 beyond the item's steps.
    for (var i = thread; i < uniforms.time * uniforms.classes; i += THREADS) {
      let t = i / uniforms.classes;
      if (t < frames) { result[gradientAt + i] = exp(logits[logitsAt + i] - result[normAt + t]); }
      else { result[gradientAt + i] = 0.0; }
    }

    // Forward.
    var taken = 0;
    for (var t = 0; t < frames; t++) {
      let off = max(atomicLoad(&highest[(t + 2) % 3]), -100000);
      let shift = select(f32(off), 0.0, t == 0);
      if (t > 0) { taken += off; }
      if (thread == 0) { atomicStore(&highest[(t + 1) % 3], -1000000000); }
      for (var s = thread; s < states; s += THREADS) {
        var value = NEVER;
        if (t == 0) {
          if (s < 2) { value = 0.0; }
        } else {
          let before = alphaAt + (t - 1) * table + s;
          value = result[before];
          if (s >= 1) { value = logSum(value, result[before - 1]); }
          if (skips(item, s)) { value = logSum(value, result[before - 2]); }
        }
        if (value > NEVER) {
          value += logits[logitsAt + t * uniforms.classes + classOf(item, s)] - result[normAt + t] - shift;
          atomicMax(&highest[t % 3], i32(floor(value)));
        }
        result[alphaAt + t * table + s] = value;
      }
      storageBarrier();
      workgroupBarrier();
    }
    if (thread == 0) {
      var loss = 0.0;
      if (frames > 0) {
        let last = alphaAt + (frames - 1) * table + states - 1;
        var end = result[last];
        if (states > 1) { end = logSum(end, result[last - 1]); }
        loss = -(end + f32(taken));
      }
      result[item] = loss;
      for (var i = 0; i < 3; i++) { atomicStore(&highest[i], -1000000000); }
    }
    storageBarrier();
    workgroupBarrier();

    // Backward: alpha becomes ln of the occupancy of each state, up to a number that is the same for a step.
    for (var i = 0; i < frames; i++) {
      let t = frames - 1 - i;
      let off = select(f32(max(atomicLoad(&highest[(i + 2) % 3]), -100000)), 0.0, i == 0);
      if (thread == 0) { atomicStore(&highest[(i + 1) % 3], -1000000000); }
      let now = betaAt + (i % 2) * table;
      let later = betaAt + (1 - i % 2) * table;
      let emitted = logitsAt + (t + 1) * uniforms.classes;
      for (var s = thread; s < states; s += THREADS) {
        var value = NEVER;
        if (i == 0) {
          if (s >= states - 2) { value = 0.0; }
        } else {
          let norm = result[normAt + t + 1] + off;
          value = result[later + s] + logits[emitted + classOf(item, s)] - norm;
          if (s + 1 < states) {
            value = logSum(value, result[later + s + 1] + logits[emitted + classOf(item, s + 1)] - norm);
          }
          if (s + 2 < states && skips(item, s + 2)) {
            value = logSum(value, result[later + s + 2] + logits[emitted + classOf(item, s + 2)] - norm);
          }
        }
        if (value > 0.5 * NEVER) { atomicMax(&highest[i % 3], i32(floor(value))); }
        else { value = NEVER; }
        result[now + s] = value;
        result[alphaAt + t * table + s] += value;
      }
      storageBarrier();
      workgroupBarrier();
    }

    // Softmax less occupancy; a class may have several states, so one thread has a whole step.
    for (var t = thread; t < frames; t += THREADS) {
      let row = alphaAt + t * table;
      var top = NEVER;
      for (var s = 0; s < states; s++) { top = max(top, result[row + s]); }
      var sum = 0.0;
      for (var s = 0; s < states; s++) { sum += exp(result[row + s] - top); }
      for (var s = 0; s < states; s++) {
        result[gradientAt + t * uniforms.classes + classOf(item, s)] -= exp(result[row + s] - top) / sum;
      }
    }
  }`;
