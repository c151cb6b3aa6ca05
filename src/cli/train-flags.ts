import * as Flags from '@oclif/core/flags';
import { backendFlag } from './backend-flag.js';
import { integerFlag } from './number-flag.js';
import { onByDefault } from './switch-flag.js';

/** What `train` is asked: data, places to write to, and what wins over params.yaml. */
export const trainFlags = {
  train: Flags.string({ required: true, helpValue: 'FILE', description: 'manifest of the training part' }),
  val: Flags.string({ required: true, helpValue: 'FILE', description: 'manifest of the validation part' }),
  out: Flags.string({ required: true, helpValue: 'DIR', description: 'the folder of the model' }),
  params: Flags.string({ helpValue: 'FILE', description: 'parameters (default: params.yaml)' }),
  set: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'KEY=VALUE',
    description: "this value in place of the parameters' own, as in model.height=48; as often as needed",
  }),
  metrics: Flags.string({ helpValue: 'FILE', description: 'write the best validation figures here' }),
  history: Flags.string({ helpValue: 'FILE', description: 'write the curve here, as JSON lines' }),
  samples: Flags.string({ helpValue: 'FILE', description: 'write some readings of each validation here' }),
  tensorboard: Flags.string({
    helpValue: 'DIR',
    description: 'write curves, badly read lines and readings here, for TensorBoard',
  }),
  last: Flags.string({ helpValue: 'DIR', description: 'save the weights of the last step here, too' }),
  seed: integerFlag({ description: "instead of the parameters' train.seed", min: 0 }),
  epochs: integerFlag({ description: "instead of the parameters' train.epochs", min: 1 }),
  'max-steps': integerFlag({ description: "instead of the parameters' train.maxSteps", min: 1 }),
  from: Flags.string({ helpValue: 'DIR', description: 'begin with the weights of this model' }),
  resume: onByDefault('go on with an interrupted training of the same data and parameters'),
  'checkpoint-every': integerFlag({
    default: 30,
    min: 0,
    helpValue: 'SECONDS',
    description:
      'seconds between two checkpoints, of which an interrupted training goes on; 0 writes one after each step',
  }),
  'skip-bad': Flags.string({
    helpValue: 'FILE',
    description: 'images, one name a line, that are left out if they cannot be read',
  }),
  loaders: integerFlag({
    description: 'threads that read images, at the most (default: one a core, up to 8)',
    min: 1,
    max: 64,
  }),
  'preview-augment': Flags.string({
    helpValue: 'PAGE',
    description: 'train nothing: write an HTML page that shows how images would be varied',
  }),
  check: Flags.boolean({ description: 'only look at parameters, labels and images, and train nothing' }),
  backend: backendFlag,
};
