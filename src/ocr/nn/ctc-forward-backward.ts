/**
 * The forward-backward algorithm of connectionist temporal classification in log space (Graves et al.,
 * "Connectionist Temporal Classification", ICML 2006, sections 4.1 and 4.2), on plain arrays.
 */

/** A batch of logits with its labels. */
export interface CtcBatch {
  /** Row-major [batch, time, classes]. */
  logits: Float32Array;
  batch: number;
  time: number;
  classes: number;
  /** The class numbers of each item, without blanks; may be empty. */
  labels: readonly ArrayLike<number>[];
  /** Time steps of each item that count, ≤ time; all of them when absent. */
  logitLengths?: ArrayLike<number> | undefined;
  /** The class that means "no character"; the last one unless given. */
  blank?: number | undefined;
}

/** What one pass over a batch yields. */
export interface CtcLosses {
  /** −ln p(label | logits) of each item, in nats; 0 for the items listed in `unreachable`. */
  losses: Float64Array;
  /** d(loss of item b) / d(logits of item b), [batch, time, classes]; 0 beyond an item's length and for unreachable items. */
  gradient: Float32Array;
  /** Items whose label cannot be spelled in their time steps: the loss is infinite, and set to 0 with a gradient of 0. */
  unreachable: number[];
}

/** One item's slice of the work: its frames, and its label stretched with blanks. */
interface Item {
  frames: number;
  classes: number;
  /** Label with a blank before, between and after its characters: 2·length + 1 states. */
  states: Int32Array;
  blank: number;
  /** Offset of the item's first logit. */
  offset: number;
}

/** Tables that all items of a batch share, grown to the largest one. */
interface Tables {
  /** ln p of each state's class at each frame, [frames, states]. */
  emission: Float64Array;
  alpha: Float64Array;
  beta: Float64Array;
  /** Posterior mass of each class at one frame. */
  occupancy: Float64Array;
}

/** The fewest time steps in which a label can be spelled: its length, and a blank between equal neighbours. */
export function ctcMinimumSteps(label: ArrayLike<number>): number {
  let steps = label.length;
  for (let i = 1; i < label.length; i++) if (label[i] === label[i - 1]) steps++;
  return steps;
}

/** Losses and gradients of a batch; memory is that of the logits plus two tables of [time, 2·label + 1]. */
export function ctcForwardBackward(input: CtcBatch): CtcLosses {
  const { batch, time, classes, labels, logitLengths } = input;
  const blank = input.blank ?? classes - 1;
  checkBatch(input, blank);
  const losses = new Float64Array(batch);
  const gradient = new Float32Array(batch * time * classes);
  const unreachable: number[] = [];
  const tables = makeTables(time, classes, labels);
  for (let b = 0; b < batch; b++) {
    const label = labels[b]!;
    const frames = logitLengths?.[b] ?? time;
    if (ctcMinimumSteps(label) > frames) {
      unreachable.push(b);
      continue;
    }
    const states = stretch(label, blank);
    const item = { frames, classes, states, blank, offset: b * time * classes };
    losses[b] = runItem(item, input.logits, gradient, tables);
    if (losses[b] === Infinity) {
      unreachable.push(b);
      losses[b] = 0;
      gradient.fill(0, item.offset, item.offset + time * classes);
    }
  }
  return { losses, gradient, unreachable };
}

/** @throws RangeError when labels and lengths are none of such a batch. */
export function checkBatch(input: Omit<CtcBatch, 'logits' | 'blank'>, blank: number): void {
  const { batch, time, classes, labels, logitLengths } = input;
  if (labels.length !== batch) throw new RangeError(`${labels.length} labels for ${batch} items`);
  for (const label of labels) {
    for (let i = 0; i < label.length; i++) {
      const value = label[i]!;
      if (!(value >= 0 && value < classes) || value === blank)
        throw new RangeError(`label ${value} is not one of the ${classes} classes, or is the blank`);
    }
  }
  for (let b = 0; b < batch; b++)
    if ((logitLengths?.[b] ?? time) > time) throw new RangeError('a length exceeds the time steps');
}

function makeTables(time: number, classes: number, labels: readonly ArrayLike<number>[]): Tables {
  const longest = labels.reduce((most, label) => Math.max(most, label.length), 0);
  const size = time * (2 * longest + 1);
  return {
    emission: new Float64Array(size),
    alpha: new Float64Array(size),
    beta: new Float64Array(size),
    occupancy: new Float64Array(classes),
  };
}

function stretch(label: ArrayLike<number>, blank: number): Int32Array {
  const states = new Int32Array(2 * label.length + 1).fill(blank);
  for (let i = 0; i < label.length; i++) states[2 * i + 1] = label[i]!;
  return states;
}

/** Fills the item's part of `gradient` and returns its loss. */
function runItem(item: Item, logits: Float32Array, gradient: Float32Array, tables: Tables): number {
  if (item.frames === 0) return 0;
  fillEmissions(item, logits, gradient, tables);
  fillAlpha(item, tables);
  fillBeta(item, tables);
  const count = item.states.length;
  const end = (item.frames - 1) * count;
  const last = tables.alpha[end + count - 1]!;
  const total = count > 1 ? logAdd(last, tables.alpha[end + count - 2]!) : last;
  if (total === -Infinity) return Infinity;
  subtractOccupancy(item, total, gradient, tables);
  return -total;
}

/** Writes softmax(logits) into `gradient` and the logarithms of the states' classes into `emission`. */
function fillEmissions(item: Item, logits: Float32Array, gradient: Float32Array, tables: Tables): void {
  const { frames, classes, states, offset } = item;
  const count = states.length;
  for (let t = 0; t < frames; t++) {
    const row = offset + t * classes;
    let highest = -Infinity;
    for (let c = 0; c < classes; c++) highest = Math.max(highest, logits[row + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const value = Math.exp(logits[row + c]! - highest);
      gradient[row + c] = value;
      sum += value;
    }
    const scale = 1 / sum;
    for (let c = 0; c < classes; c++) gradient[row + c]! *= scale;
    const normaliser = highest + Math.log(sum);
    for (let s = 0; s < count; s++) tables.emission[t * count + s] = logits[row + states[s]!]! - normaliser;
  }
}

/** alpha[t, s]: ln of the mass of all prefixes that end in state s at frame t, frame t included. */
function fillAlpha(item: Item, { alpha, emission }: Tables): void {
  const { frames, states } = item;
  const count = states.length;
  alpha.fill(-Infinity, 0, count);
  alpha[0] = emission[0]!;
  if (count > 1) alpha[1] = emission[1]!;
  for (let t = 1; t < frames; t++) {
    const now = t * count;
    const before = now - count;
    for (let s = 0; s < count; s++) {
      let sum = alpha[before + s]!;
      if (s > 0) sum = logAdd(sum, alpha[before + s - 1]!);
      if (s > 1 && maySkip(states, s)) sum = logAdd(sum, alpha[before + s - 2]!);
      alpha[now + s] = sum + emission[now + s]!;
    }
  }
}

/** beta[t, s]: ln of the mass of all suffixes that start in state s at frame t, frame t excluded. */
function fillBeta(item: Item, { beta, emission }: Tables): void {
  const { frames, states } = item;
  const count = states.length;
  const end = (frames - 1) * count;
  beta.fill(-Infinity, end, end + count);
  beta[end + count - 1] = 0;
  if (count > 1) beta[end + count - 2] = 0;
  for (let t = frames - 2; t >= 0; t--) {
    const now = t * count;
    const after = now + count;
    for (let s = 0; s < count; s++) {
      let sum = beta[after + s]! + emission[after + s]!;
      if (s + 1 < count) sum = logAdd(sum, beta[after + s + 1]! + emission[after + s + 1]!);
      if (s + 2 < count && maySkip(states, s + 2))
        sum = logAdd(sum, beta[after + s + 2]! + emission[after + s + 2]!);
      beta[now + s] = sum;
    }
  }
}

/** A state may be entered from two before it when both are characters and differ. */
function maySkip(states: Int32Array, state: number): boolean {
  return (state & 1) === 1 && states[state] !== states[state - 2];
}

/** gradient = softmax − posterior of each class (equation 16 of the paper, for logits). */
function subtractOccupancy(item: Item, total: number, gradient: Float32Array, tables: Tables): void {
  const { frames, classes, states, offset } = item;
  const { alpha, beta, occupancy } = tables;
  const count = states.length;
  for (let t = 0; t < frames; t++) {
    for (let s = 0; s < count; s++) {
      const at = t * count + s;
      occupancy[states[s]!]! += Math.exp(alpha[at]! + beta[at]! - total);
    }
    const row = offset + t * classes;
    for (let s = 0; s < count; s++) {
      const label = states[s]!;
      gradient[row + label]! -= occupancy[label]!;
      occupancy[label] = 0;
    }
  }
}

function logAdd(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}
