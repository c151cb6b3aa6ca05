import { add } from '../actions/add.js';
import { addToRemote } from '../actions/add-to-remote.js';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { addText } from '../cli/add-text.js';
import { toRemoteFlags } from '../cli/to-remote-flags.js';

export default class Add extends BaseCommand {
  static override summary = 'Track files and folders: bytes into the store, a small pointer for git.';
  static override description =
    'Writes PATH.ocr and an entry in the .gitignore beside PATH, and says what to commit. Run it again after an edit.';
  static override examples = [
    '<%= config.bin %> add data/raw',
    '<%= config.bin %> add data/images data/labels.json',
    '<%= config.bin %> add --follow data/from-the-nas',
    '<%= config.bin %> add --to-remote data/raw',
    '<%= config.bin %> add --to-remote /mnt/camera/2024 --out data/2024 --remote backup',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'files or folders to track' }),
  };
  static override flags = {
    follow: Flags.boolean({
      description: 'put copies in the place of links that lead out of the folder, and track those',
      exclusive: ['to-remote'],
    }),
    ...toRemoteFlags,
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Add);
    const { follow, remote, out, jobs } = flags;
    const paths = argv.map(String);
    await this.perform(flags, {
      action: (call) =>
        flags['to-remote'] ? addToRemote({ paths, remote, out, jobs }, call) : add({ paths, follow }, call),
      text: addText,
    });
  }
}
