import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { rm } from '../actions/rm.js';
import { BaseCommand } from '../cli/base-command.js';
import { rmText } from '../cli/moved-text.js';

export default class Rm extends BaseCommand {
  static override summary = 'Stop tracking: remove the pointer and the .gitignore entry.';
  static override description =
    'The files stay where they are unless --delete is given, and what is stored stays in the store for earlier commits. Nothing is deleted unless its bytes are in the store, or --force is given.';
  static override examples = [
    '<%= config.bin %> rm data/raw',
    '<%= config.bin %> rm --delete data/raw data/labels.json',
    '<%= config.bin %> rm --recursive data',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'tracked paths, or their pointers' }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'take a folder for all tracked paths below it' }),
    delete: Flags.boolean({ description: 'delete the files too' }),
    force: Flags.boolean({
      char: 'f',
      description: 'with --delete: delete edits that are not in the store as well',
    }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Rm);
    const { recursive, force, delete: deleteFiles } = flags;
    await this.perform(flags, {
      action: (call) => rm({ paths: argv.map(String), recursive, deleteFiles, force }, call),
      text: rmText,
    });
  }
}
