import { AttentionNetwork, attentionLayers } from './attention-network.js';
import { Crnn } from './crnn.js';
import { CtcNetwork, type SequenceModel } from './ctc-network.js';
import { FcnnLstm } from './fcnn-lstm.js';
import { Mixer } from './mixer.js';
import type { ModelConfig } from './model-config.js';
import type { Network } from './network.js';
import { VariableCounter, VariableStore, type VariableMaker } from './variables.js';

/** `classes` counts the characters of the alphabet and the one class more. First weights depend on `seed` alone. */
export function newNetwork(config: ModelConfig, classes: number, seed: number): Network {
  if (config.type === 'attention') return new AttentionNetwork(config, classes, seed);
  const variables = new VariableStore(seed);
  return new CtcNetwork(variables, ctcBody(variables, config, classes));
}

/** Weights of all layers, moving averages included. */
export function weightCount(config: ModelConfig, classes: number): number {
  const counter = new VariableCounter();
  if (config.type === 'attention') attentionLayers(counter, config, classes);
  else ctcBody(counter, config, classes);
  return counter.count;
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
