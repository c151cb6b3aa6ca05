import type { DecoderWeights } from './layer-graph.js';

/** The name of a value in a graph. */
type Value = string;

/** Operators of a format that the step of a decoder is made of. */
export interface StepOps {
  /** Rows of a table [rows, features] by their numbers [batch]. */
  rows(table: Value, numbers: Value): Value;
  /** Matrix product over the last two axes. */
  matMul(a: Value, b: Value): Value;
  binary(kind: 'Add' | 'Sub' | 'Mul', a: Value, b: Value): Value;
  unary(kind: 'Tanh' | 'Sigmoid' | 'Softmax', x: Value): Value;
  /** Along the last axis of matrices. */
  join(values: readonly Value[]): Value;
  /** `size` columns of a matrix, from `start` on. */
  part(x: Value, start: number, size: number): Value;
  /** Adds an axis of one place. */
  widen(x: Value, axis: number): Value;
  /** Takes away an axis of one place. */
  narrow(x: Value, axis: number): Value;
  /** The sum over the last of three axes. */
  sumFeatures(x: Value): Value;
}

/** What a step is given. */
export interface StepInputs {
  /** The class before, [batch]: the one behind the last before the first step. */
  given: Value;
  /** [batch, units] */
  state: Value;
  /** [batch, units] */
  readout: Value;
  /** [batch, time, features] */
  values: Value;
  /** [batch, time, units] */
  keys: Value;
  /** What to add to the scores [batch, time]: very little at steps that no image has. */
  hidden: Value | undefined;
}

/** One character on: `AttentionDecoder.step` and `logits`. */
export function decoderStep(
  ops: StepOps,
  weights: DecoderWeights<Value>,
  { inputs, units }: { inputs: StepInputs; units: number },
): { state: Value; readout: Value; logits: Value } {
  const character = ops.rows(weights.embedding, inputs.given);
  const dense = (x: Value, kernel: Value, bias: Value): Value =>
    ops.binary('Add', ops.matMul(x, kernel), bias);
  const move = (given: readonly Value[]): Value =>
    gruCell(ops, units, {
      state: inputs.state,
      input: dense(ops.join(given), weights.inputKernel, weights.inputBias),
      hidden: dense(inputs.state, weights.recurrentKernel, weights.recurrentBias),
    });
  const finish = (state: Value, seen: readonly Value[]): { state: Value; readout: Value; logits: Value } => {
    const readout = ops.unary('Tanh', dense(ops.join(seen), weights.readoutKernel, weights.readoutBias));
    return { state, readout, logits: dense(readout, weights.outputKernel, weights.outputBias) };
  };
  if (weights.query !== undefined) {
    const { kernel, bias, v } = weights.query;
    const query = ops.widen(dense(inputs.state, kernel, bias), 1);
    const compared = ops.unary('Tanh', ops.binary('Add', inputs.keys, query));
    const context = look(ops, ops.sumFeatures(ops.binary('Mul', compared, v)), inputs);
    const state = move([character, context]);
    return finish(state, [state, context, character]);
  }
  const state = move([character, inputs.readout]);
  const scores = ops.narrow(ops.matMul(inputs.keys, ops.widen(state, 2)), 2);
  return finish(state, [state, look(ops, scores, inputs)]);
}

/** `attend`: [batch, features]. */
function look(ops: StepOps, scores: Value, { values, hidden }: StepInputs): Value {
  const shown = hidden === undefined ? scores : ops.binary('Add', scores, hidden);
  const weights = ops.widen(ops.unary('Softmax', shown), 1);
  return ops.narrow(ops.matMul(weights, values), 1);
}

/** `gruCell`: inputs' and states' share of the gates, [batch, 3 * units] each. */
export function gruCell(
  ops: Pick<StepOps, 'binary' | 'unary' | 'part'>,
  units: number,
  { input, hidden, state }: { input: Value; hidden: Value; state: Value },
): Value {
  const gate = (x: Value, place: number): Value => ops.part(x, place * units, units);
  const opened = (place: number): Value =>
    ops.unary('Sigmoid', ops.binary('Add', gate(input, place), gate(hidden, place)));
  const [reset, update] = [opened(0), opened(1)];
  const remembered = ops.binary('Mul', reset, gate(hidden, 2));
  const fresh = ops.unary('Tanh', ops.binary('Add', gate(input, 2), remembered));
  return ops.binary('Add', fresh, ops.binary('Mul', update, ops.binary('Sub', state, fresh)));
}

/** The same weights, each as `turn` makes it. */
export function mapDecoderWeights<A, B>(
  { query, ...weights }: DecoderWeights<A>,
  turn: (weight: A, name: string) => B,
): DecoderWeights<B> {
  const turned = Object.entries(weights).map(([name, weight]) => [name, turn(weight, name)]);
  const all = Object.fromEntries(turned) as Omit<DecoderWeights<B>, 'query'>;
  if (query === undefined) return all;
  const { kernel, bias, v } = query;
  return {
    ...all,
    query: { kernel: turn(kernel, 'queryKernel'), bias: turn(bias, 'queryBias'), v: turn(v, 'v') },
  };
}
