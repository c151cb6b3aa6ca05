import { freezeStages } from '../actions/stage-freeze.js';
import { BaseCommand } from '../cli/base-command.js';
import { frozenText } from '../cli/stage-text.js';
import { namedStages } from '../cli/target-args.js';

export default class Unfreeze extends BaseCommand {
  static override summary = 'Let frozen stages run again.';
  static override description =
    'Takes `frozen` out of the stages of pipeline.yaml. Comments and all the rest of the file stay as they are.';
  static override examples = ['<%= config.bin %> unfreeze train', '<%= config.bin %> unfreeze convert split'];
  static override strict = false;
  static override args = namedStages;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Unfreeze);
    await this.perform(flags, {
      action: (call) => freezeStages(argv.map(String), false, call),
      text: frozenText,
    });
  }
}
