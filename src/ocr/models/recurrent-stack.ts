import type * as tf from '@tensorflow/tfjs-core';
import { lstm, type LstmWeights } from '../nn/lstm.js';
import { packMatrix } from '../nn/panels.js';
import { bidirectionalGru, type GruWeights, type ScanPanels } from '../nn/recurrent.js';
import { lstmBias, recurrentUniform } from './initialise.js';
import type { Pass } from './pass.js';
import type { VariableMaker } from './variables.js';

export interface RecurrentSizes {
  cell: 'gru' | 'lstm';
  /** Features of a time step. */
  features: number;
  /** Units of each direction of each layer. */
  units: number;
  /** Layers, one on the other. */
  depth: number;
  /** 2, or 1 for an LSTM that reads from left to right only. */
  directions: 1 | 2;
}

type Scan = (inputs: tf.Tensor3D, lengths: readonly number[] | undefined) => tf.Tensor3D;

/** Recurrent layers, one on the other, with dropout before each. */
export class RecurrentStack {
  readonly #layers: Scan[];

  constructor(store: VariableMaker, { cell, features, units, depth, directions }: RecurrentSizes) {
    this.#layers = Array.from({ length: depth }, (_, layer): Scan => {
      const shape = { features: layer === 0 ? features : directions * units, units, directions };
      const name = `${cell}${layer + 1}`;
      if (cell === 'gru') {
        const weights = makeGru(store, name, shape);
        const panels = panelsOf(store, weights);
        return (inputs, lengths) => bidirectionalGru(inputs, { ...weights, panels: panels() }, lengths);
      }
      const weights = makeLstm(store, name, shape);
      const panels = panelsOf(store, weights);
      return (inputs, lengths) => lstm(inputs, { ...weights, panels: panels() }, lengths);
    });
  }

  /** [batch, time, features] -> [batch, time, directions · units]; `lengths` of the items, absent when all fill `time`. */
  apply(inputs: tf.Tensor3D, lengths: readonly number[] | undefined, pass: Pass): tf.Tensor3D {
    return this.#layers.reduce(
      (sequence, scan) => pass.layer(pass.drop(sequence), (input: tf.Tensor3D) => scan(input, lengths)),
      inputs,
    );
  }
}

function panelsOf(store: VariableMaker, weights: GruWeights | LstmWeights): () => ScanPanels | undefined {
  return store.derived(() => ({
    kernel: packMatrix(weights.kernel),
    recurrentKernel: packMatrix(weights.recurrentKernel),
  }));
}

interface LayerShape {
  features: number;
  units: number;
  directions: number;
}

function makeGru(store: VariableMaker, name: string, { features, units }: LayerShape): GruWeights {
  const uniform = recurrentUniform(units);
  return {
    kernel: store.weight(`${name}/kernel`, [features, 6 * units], uniform),
    bias: store.weight(`${name}/bias`, [6 * units], uniform),
    recurrentKernel: store.weight(`${name}/recurrentKernel`, [2, units, 3 * units], uniform),
    recurrentBias: store.weight(`${name}/recurrentBias`, [2, 3 * units], uniform),
  };
}

function makeLstm(
  store: VariableMaker,
  name: string,
  { features, units, directions }: LayerShape,
): LstmWeights {
  const uniform = recurrentUniform(units);
  return {
    kernel: store.weight(`${name}/kernel`, [features, directions * 4 * units], uniform),
    bias: store.weight(`${name}/bias`, [directions * 4 * units], lstmBias(units)),
    recurrentKernel: store.weight(`${name}/recurrentKernel`, [directions, units, 4 * units], uniform),
  };
}
