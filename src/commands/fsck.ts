import { Flags } from '@oclif/core';
import { foundDamage, fsck } from '../actions/fsck.js';
import { BaseCommand } from '../cli/base-command.js';
import { durationFlag } from '../cli/duration-flag.js';
import { fsckText } from '../cli/fsck-text.js';

export default class Fsck extends BaseCommand {
  static override summary = 'Verify every object of the store, and that what the workspace needs is there.';
  static override description =
    'Reads every byte of the store and compares it with its name; then looks up everything that the pointers of the workspace, of its git index and of its last commit name. Exits with 3 if anything is damaged or missing. What a remote had when it was last looked at may be absent here.';
  static override examples = [
    '<%= config.bin %> fsck',
    '<%= config.bin %> fsck --repair',
    '<%= config.bin %> fsck --budget 10m',
    '<%= config.bin %> fsck --json',
  ];
  static override flags = {
    repair: Flags.boolean({
      description:
        'heal what is damaged or missing from unchanged files of the workspace and from the remotes; the rest goes to quarantine',
    }),
    budget: durationFlag({
      description:
        'begin no further file after this time; the next check begins with those checked longest ago',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Fsck);
    await this.perform(flags, {
      action: (call) => fsck({ budget: flags.budget, repair: flags.repair }, call),
      text: (result) => fsckText(result, flags.repair),
      exitCode: (result) => (foundDamage(result) ? 3 : 0),
    });
  }
}
