import * as Args from '@oclif/core/args';
import { ignoreCheck } from '../../actions/ignore-check.js';
import { BaseCommand } from '../../cli/base-command.js';
import { ignoreText } from '../../cli/ignore-text.js';

export default class IgnoreCheck extends BaseCommand {
  static override summary = 'Say which line of an .ocrignore leaves a path out.';
  static override description =
    'The last line that matches decides, in the nearest .ocrignore in which any does, exactly as git reads a .gitignore. The paths need not exist. Ends with 0 if one of them is left out, with 3 if none is.';
  static override examples = [
    '<%= config.bin %> ignore check data/raw/notes.tmp',
    '<%= config.bin %> ignore check data/raw/cache/',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'files, or folders with a slash behind them' }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(IgnoreCheck);
    await this.perform(flags, {
      action: (call) => ignoreCheck({ paths: argv.map(String) }, call),
      text: ignoreText,
      json: (paths) => ({ paths }),
      exitCode: (paths) => (paths.some(({ ignored }) => ignored) ? 0 : 3),
    });
  }
}
