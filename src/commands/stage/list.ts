import { stageList } from '../../actions/stage-list.js';
import { BaseCommand } from '../../cli/base-command.js';
import { stagesText } from '../../cli/stage-text.js';

export default class StageList extends BaseCommand {
  static override summary = 'List the stages of pipeline.yaml.';
  static override examples = ['<%= config.bin %> stage list', '<%= config.bin %> stage list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(StageList);
    await this.perform(flags, {
      action: stageList,
      text: stagesText,
      json: (stages) => ({ stages }),
    });
  }
}
