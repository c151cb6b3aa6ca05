import * as Args from '@oclif/core/args';
import { modelInfo, type ModelInfo } from '../../actions/model-info.js';
import { BaseCommand } from '../../cli/base-command.js';
import { modelInfoText } from '../../cli/model-info-text.js';

export default class ModelInfoCommand extends BaseCommand {
  static override summary = 'Show what a saved model is.';
  static override description =
    'Its type and sizes, how many weights it has and how they are kept, its alphabet, what images go through before it sees them, what it was trained on and how well it read then. The weights are checked against their content id.';
  static override examples = [
    '<%= config.bin %> model info models/plate',
    '<%= config.bin %> model info models/plate --json',
  ];
  static override args = {
    model: Args.string({ required: true, description: 'the folder of the model' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ModelInfoCommand);
    await this.perform<ModelInfo>(flags, { action: (call) => modelInfo(args, call), text: modelInfoText });
  }
}
