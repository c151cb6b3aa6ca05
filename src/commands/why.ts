import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { why } from '../actions/why.js';
import { whyBetween } from '../actions/why-between.js';
import { BaseCommand } from '../cli/base-command.js';
import { twoRevisions } from '../cli/two-revisions.js';
import { betweenText, whyText } from '../cli/why-text.js';

export default class Why extends BaseCommand {
  static override summary =
    'Say why a stage would run: which file, parameter, variable or word of the command changed.';
  static override description =
    'Compares what the stage ran with last, as pipeline.lock has it, with what is here. With --between it compares the runs that two commits recorded, from their locks and pointers, and what their pipeline.yaml and parameters say where no run shows it: nothing is checked out.';
  static override examples = [
    '<%= config.bin %> why train',
    '<%= config.bin %> why models/plate --json',
    '<%= config.bin %> why train --between v1 HEAD',
  ];
  static override args = {
    stage: Args.string({ required: true, description: 'a stage, or the path of an output' }),
  };
  static override flags = {
    between: Flags.string({
      multiple: true,
      helpValue: ['A', 'B'],
      description: 'compare the runs of two commits, branches or tags (only A: with HEAD)',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Why);
    if (flags.between) {
      const input = { target: args.stage, ...twoRevisions(flags.between) };
      await this.perform(flags, { action: (call) => whyBetween(input, call), text: betweenText });
      return;
    }
    await this.perform(flags, {
      action: (call) => why(args.stage, call),
      text: whyText,
      json: (explanations) => (explanations.length === 1 ? explanations[0] : explanations),
    });
  }
}
