import { previewAugment } from '../actions/preview-augment.js';
import { checkTraining, train } from '../actions/train.js';
import { BaseCommand } from '../cli/base-command.js';
import { trainFlags } from '../cli/train-flags.js';
import { checkText, previewText, trainText } from '../cli/train-text.js';

export default class Train extends BaseCommand {
  static override summary = 'Train a recogniser on labelled line images.';
  static override description =
    'Sizes, learning and augmentation come from the sections model, train and augment of params.yaml. The weights that read the validation part best are kept. A training that was stopped goes on where it was.';
  static override examples = [
    '<%= config.bin %> train --train data/split/train.jsonl --val data/split/val.jsonl --out models/plate',
    '<%= config.bin %> train --train train.jsonl --val val.jsonl --out models/plate --metrics reports/train.json --history reports/history.jsonl',
  ];
  static override flags = trainFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Train);
    const { 'preview-augment': previewPage, 'max-steps': maxSteps, 'skip-bad': skipBad } = flags;
    const input = { ...flags, maxSteps, skipBad, checkpointSeconds: flags['checkpoint-every'] };
    if (previewPage !== undefined) {
      const preview = { ...flags, previewAugment: previewPage };
      await this.perform(flags, { action: (call) => previewAugment(preview, call), text: previewText });
    } else if (flags.check)
      await this.perform(flags, { action: (call) => checkTraining(input, call), text: checkText });
    else await this.perform(flags, { action: (call) => train(input, call), text: trainText });
  }
}
