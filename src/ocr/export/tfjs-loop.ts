import type { DataType, TfjsFunction, TfjsNodes, Value } from './tfjs-model.js';

/** Makes the nodes of a function whose names begin with a prefix. */
export type NewFunction = (prefix: string) => TfjsNodes;

/** A value of the graph that a loop takes, under the name that its functions know it by. */
export interface LoopValue {
  name: string;
  type: DataType;
  value: Value;
}

/**
 * TensorFlow's `While`. Its two functions see nothing but what they are given: `carried`, each with a new value from every step,
 * and `captured`, which stay the same.
 */
export interface Loop {
  name: string;
  carried: readonly LoopValue[];
  captured: readonly LoopValue[];
  /** True while another step is wanted. */
  goOn: (nodes: TfjsNodes) => Value;
  /** The new values of all that is carried. */
  step: (nodes: TfjsNodes) => Record<string, Value>;
}

/** Adds the loop, and gives the last value of each that is carried, and the functions that the graph's library must hold. */
export function addLoop(
  nodes: TfjsNodes,
  newFunction: NewFunction,
  { name, carried, captured, goOn, step }: Loop,
): { results: Record<string, Value>; functions: TfjsFunction[] } {
  const all = [...carried, ...captured];
  const inputs = all.map(({ name: input, type }) => ({ name: input, type }));
  const condition = newFunction(`${name}/go_on/`);
  const node = goOn(condition);
  const body = newFunction(`${name}/step/`);
  const after = step(body);
  const outputs = all.map(({ name: input, type }) => ({
    name: `${input}_out`,
    type,
    node: after[input] ?? input,
  }));
  const functions: TfjsFunction[] = [
    {
      name: `${name}/go_on`,
      inputs,
      outputs: [{ name: 'go_on', type: 'DT_BOOL', node }],
      nodes: condition.nodes,
    },
    { name: `${name}/step`, inputs, outputs, nodes: body.nodes },
  ];
  const values = all.map(({ value }) => value);
  const loop = nodes.add('StatelessWhile', values, {
    cond: { func: { name: `${name}/go_on` } },
    body: { func: { name: `${name}/step` } },
  });
  const results = carried.map(({ name: input }, index) => [input, `${loop}:${index}`]);
  return { results: Object.fromEntries(results) as Record<string, Value>, functions };
}
