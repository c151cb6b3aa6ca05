import type { LayerGraph } from './layer-graph.js';
import { DATA_TYPES, type OnnxModel, type Value } from './onnx-model.js';

/** What the layers of a graph are written with. Pictures are [batch, channels, height, width] here, as ONNX has them. */
export interface Writing {
  model: OnnxModel;
  graph: LayerGraph;
  /** The time steps of each image, 64 bits; absent where every image fills all. */
  steps: Value | undefined;
}

/**
 * 1 at places that images have, 0 beyond, as `type`: [batch, places], with as many places as `x` has along `axis`, of which each
 * image fills its steps times `each`.
 */
export function filledPlaces(
  { model, steps }: Writing & { steps: Value },
  { x, axis, each, type }: { x: Value; axis: number; each: number; type: keyof typeof DATA_TYPES },
): Value {
  const side = model.add('Squeeze', [model.add('Shape', [x], { start: axis, end: axis + 1 })]);
  const places = model.add('Range', [model.integers(0), side, model.integers(1)]);
  const filled = each === 1 ? steps : model.add('Mul', [steps, model.integers(each)]);
  const inside = model.add('Less', [places, model.add('Unsqueeze', [filled, model.integers([1])])]);
  return model.add('Cast', [inside], { to: DATA_TYPES[type] });
}

/** What to add to scores of steps: 0 where an image has them, very little beyond. [batch, time] */
export function hiddenSteps(writing: Writing, x: Value): Value | undefined {
  const { model, steps } = writing;
  if (steps === undefined) return undefined;
  const filled = filledPlaces({ ...writing, steps }, { x, axis: 1, each: 1, type: 'float32' });
  const beyond = model.add('Sub', [filled, model.float('one', 1)]);
  return model.add('Mul', [beyond, model.float('much', 1e9)]);
}
