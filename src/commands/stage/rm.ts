import { stageRm } from '../../actions/stage-rm.js';
import { BaseCommand } from '../../cli/base-command.js';
import { removedText } from '../../cli/stage-text.js';
import { namedStages } from '../../cli/target-args.js';

export default class StageRm extends BaseCommand {
  static override summary = 'Take stages out of pipeline.yaml.';
  static override description =
    'Comments and all the rest of the file stay as they are. What the stages made stays where it is, with its pointers.';
  static override examples = ['<%= config.bin %> stage rm evaluate'];
  static override strict = false;
  static override args = namedStages;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(StageRm);
    await this.perform(flags, {
      action: (call) => stageRm(argv.map(String), call),
      text: removedText,
    });
  }
}
