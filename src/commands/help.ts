import * as Args from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import { helpDocument } from '../cli/help-document.js';
import HelpPages from '../cli/help.js';

export default class Help extends BaseCommand {
  static override summary = 'Show what a command does and what it takes.';
  static override description =
    "'ocrpipe COMMAND --help' shows the same. With --json: all commands, or those named, with their arguments and flags, for editors and scripts.";
  static override examples = [
    '<%= config.bin %> help',
    '<%= config.bin %> help remote add',
    '<%= config.bin %> help --json',
  ];
  static override strict = false;
  static override args = {
    command: Args.string({
      description: 'the command, or the first word of several (default: all commands)',
    }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Help);
    const words = argv.map(String);
    if (!flags.json) return new HelpPages(this.config).showHelp(words);
    await this.perform(flags, { action: () => helpDocument(this.config, words), text: () => '' });
  }
}
