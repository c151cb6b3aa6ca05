import { freezeStages } from '../actions/stage-freeze.js';
import { BaseCommand } from '../cli/base-command.js';
import { frozenText } from '../cli/stage-text.js';
import { namedStages } from '../cli/target-args.js';

export default class Freeze extends BaseCommand {
  static override summary = 'Keep stages from running: their outputs are taken as they are.';
  static override description =
    'Writes `frozen: true` into the stages of pipeline.yaml. Comments and all the rest of the file stay as they are. What a frozen stage made still counts for those that read it.';
  static override examples = ['<%= config.bin %> freeze train', '<%= config.bin %> freeze convert split'];
  static override strict = false;
  static override args = namedStages;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Freeze);
    await this.perform(flags, {
      action: (call) => freezeStages(argv.map(String), true, call),
      text: frozenText,
    });
  }
}
