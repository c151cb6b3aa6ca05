import * as Args from '@oclif/core/args';
import { mv } from '../actions/mv.js';
import { BaseCommand } from '../cli/base-command.js';
import { mvText } from '../cli/moved-text.js';

export default class Mv extends BaseCommand {
  static override summary = 'Move or rename tracked paths with their pointers and .gitignore entries.';
  static override description =
    'Nothing is overwritten. Into a folder that is there, or to a new name. Files that were moved by plain `mv` already are taken as moved. Run it again if it was interrupted: it goes on.';
  static override examples = [
    '<%= config.bin %> mv data/raw data/scans',
    '<%= config.bin %> mv data/raw data/labels.json archive/',
  ];
  static override strict = false;
  static override args = {
    src: Args.string({ required: true, description: 'tracked paths, or their pointers' }),
    dst: Args.string({ required: true, description: 'the new name, or a folder that is there' }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Mv);
    await this.perform(flags, { action: (call) => mv({ paths: argv.map(String) }, call), text: mvText });
  }
}
