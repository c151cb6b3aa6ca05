import * as Flags from '@oclif/core/flags';
import { previewAugment } from '../actions/preview-augment.js';
import { checkTraining, train } from '../actions/train.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { backendFlag } from '../cli/backend-flag.js';
import { checkText, previewText, trainText } from '../cli/train-text.js';
import { onByDefault } from '../cli/switch-flag.js';

export default class Train extends BaseCommand {
  static override summary = 'Train a recogniser on labelled line images.';
  static override description =
    'Sizes, learning and augmentation come from the sections model, train and augment of params.yaml. The weights that read the validation part best are kept. A training that was stopped goes on where it was.';
  static override examples = [
    '<%= config.bin %> train --train data/split/train.jsonl --val data/split/val.jsonl --out models/plate',
    '<%= config.bin %> train --train train.jsonl --val val.jsonl --out models/plate --metrics reports/train.json --history reports/history.jsonl',
  ];
  static override flags = {
    train: Flags.string({ required: true, helpValue: 'FILE', description: 'manifest of the training part' }),
    val: Flags.string({ required: true, helpValue: 'FILE', description: 'manifest of the validation part' }),
    out: Flags.string({ required: true, helpValue: 'DIR', description: 'the folder of the model' }),
    params: Flags.string({ helpValue: 'FILE', description: 'parameters (default: params.yaml)' }),
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

  async run(): Promise<void> {
    const { flags } = await this.parse(Train);
    const { 'preview-augment': previewPage, 'max-steps': maxSteps, 'skip-bad': skipBad } = flags;
    const input = { ...flags, maxSteps, skipBad };
    if (previewPage !== undefined) {
      const preview = { ...flags, previewAugment: previewPage };
      await this.perform(flags, { action: (call) => previewAugment(preview, call), text: previewText });
    } else if (flags.check)
      await this.perform(flags, { action: (call) => checkTraining(input, call), text: checkText });
    else await this.perform(flags, { action: (call) => train(input, call), text: trainText });
  }
}
