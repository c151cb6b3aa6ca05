import * as Args from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import HelpPages from '../cli/help.js';

export default class Help extends BaseCommand {
  static override summary = 'Show what a command does and what it takes.';
  static override description = "'ocrpipe COMMAND --help' shows the same.";
  static override examples = ['<%= config.bin %> help', '<%= config.bin %> help remote add'];
  static override strict = false;
  static override args = {
    command: Args.string({
      description: 'the command, or the first word of several (default: all commands)',
    }),
  };

  async run(): Promise<void> {
    const { argv } = await this.parse(Help);
    await new HelpPages(this.config).showHelp(argv.map(String));
  }
}
