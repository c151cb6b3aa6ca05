import { AttentionNetwork, attentionLayers } from './attention-network.js';
import { Crnn } from './crnn.js';
import { CtcNetwork, type SequenceModel } from './ctc-network.js';
import { FcnnLstm } from './fcnn-lstm.js';
import { Mixer } from './mixer.js';
import type { ModelConfig } from './model-config.js';
import type { Network } from './network.js';
import { VariableList, VariableStore, type NamedShape, type VariableMaker } from './variables.js';

/** `classes` counts the characters of the alphabet and the one class more. First weights depend on `seed` alone. */
export function newNetwork(config: ModelConfig, classes: number, seed: number): Network {
  if (config.type === 'attention') return new AttentionNetwork(config, classes, seed);
  const variables = new VariableStore(seed);
  return new CtcNetwork(variables, ctcBody(variables, config, classes));
}

/** Names and shapes of all weights, moving averages included, in the order in which layers are made. */
export function weightShapes(config: ModelConfig, classes: number): NamedShape[] {
  const list = new VariableList();
  if (config.type === 'attention') attentionLayers(list, config, classes);
  else ctcBody(list, config, classes);
  return list.shapes;
}

/** How many numbers those are. */
export function weightCount(config: ModelConfig, classes: number): number {
  const sizes = weightShapes(config, classes).map(({ shape }) =>
    shape.reduce((size, side) => size * side, 1),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

type CtcConfig = Exclude<ModelConfig, { type: 'attention' }>;

function ctcBody(store: VariableMaker, config: CtcConfig, classes: number): SequenceModel {
  switch (config.type) {
    case 'crnn':
      return new Crnn(store, config, classes);
    case 'fcnn-lstm':
      return new FcnnLstm(store, config, classes);
    case 'mixer':
      return new Mixer(store, config, classes);
  }
}
