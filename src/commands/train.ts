import * as Flags from '@oclif/core/flags';
import { train, type TrainResult } from '../actions/train.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { backendFlag } from '../cli/backend-flag.js';
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
    seed: integerFlag({ description: "instead of the parameters' train.seed", min: 0 }),
    epochs: integerFlag({ description: "instead of the parameters' train.epochs", min: 1 }),
    'max-steps': integerFlag({ description: "instead of the parameters' train.maxSteps", min: 1 }),
    resume: onByDefault('go on with an interrupted training of the same data and parameters'),
    backend: backendFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Train);
    const input = { ...flags, maxSteps: flags['max-steps'] };
    await this.perform(flags, { action: (call) => train(input, call), text: trainText });
  }
}

function trainText({ metrics, ...result }: TrainResult): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `${result.out}: ${result.parameters} weights, best at step ${result.bestStep} of ${result.steps} (${result.stopped}, ${result.backend})`,
    `validation: exact ${percent(metrics.exact)}, CER ${percent(metrics.cer)}, ${metrics.count} lines`,
  ].join('\n');
}
