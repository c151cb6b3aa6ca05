import * as Args from '@oclif/core/args';
import { why } from '../actions/why.js';
import { BaseCommand } from '../cli/base-command.js';
import { whyText } from '../cli/repro-text.js';

export default class Why extends BaseCommand {
  static override summary =
    'Say why a stage would run: which file, parameter or word of the command changed.';
  static override examples = ['<%= config.bin %> why train', '<%= config.bin %> why models/plate --json'];
  static override args = {
    stage: Args.string({ required: true, description: 'a stage, or the path of an output' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Why);
    await this.perform(flags, {
      action: (call) => why(args.stage, call),
      text: whyText,
      json: (explanations) => (explanations.length === 1 ? explanations[0] : explanations),
    });
  }
}
