import * as Flags from '@oclif/core/flags';
import { init } from '../actions/init.js';
import { BaseCommand } from '../cli/base-command.js';
import { initText } from '../cli/init-text.js';
import { onByDefault } from '../cli/switch-flag.js';

export default class Init extends BaseCommand {
  static override summary = 'Start a workspace: a store and its settings beside git.';
  static override description =
    'Makes .ocrstore in the current folder, which is to be in a git work tree. Run again, it only adds what is missing: settings that git holds are taken from git.';
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --no-git',
    '<%= config.bin %> init --store /data/team-store --shared',
    '<%= config.bin %> init --store ../store --move',
  ];
  static override flags = {
    git: onByDefault('require a git work tree'),
    store: Flags.string({
      description: 'keep objects in this folder, which other workspaces may use too (for this machine)',
      helpValue: 'FOLDER',
    }),
    shared: Flags.boolean({
      description: "begin it so that all members of the folder's group can write to it",
      dependsOn: ['store'],
    }),
    move: Flags.boolean({
      description: 'move what the store of this workspace has there',
      dependsOn: ['store'],
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    const { git, store: path, shared, move } = flags;
    const store = path === undefined ? undefined : { path, shared, move };
    await this.perform(flags, { action: (call) => init({ git, store }, call), text: initText });
  }
}
