import * as Args from '@oclif/core/args';
import { isUnhealed } from '../actions/fsck-report.js';
import { foundDamage, fsck } from '../actions/fsck.js';
import { BaseCommand } from '../cli/base-command.js';
import { fsckFlags } from '../cli/fsck-flags.js';
import { fsckText, remoteFsckText } from '../cli/fsck-text.js';
import { userError } from '../base/errors.js';

export default class Fsck extends BaseCommand {
  static override summary = 'Verify every object of the store, and that what the workspace needs is there.';
  static override description =
    'Reads every byte of the store and compares it with its name; then looks up everything that the pointers of the workspace, of its git index and of its last commit name. Exits with 3 if anything is damaged or missing. What a remote had when it was last looked at may be absent here. With --remote a remote is read instead, all of it or as much as --budget lasts for.';
  static override examples = [
    '<%= config.bin %> fsck',
    '<%= config.bin %> fsck --repair',
    '<%= config.bin %> fsck --budget 10m',
    '<%= config.bin %> fsck --remote',
    '<%= config.bin %> fsck --remote backup --repair',
    '<%= config.bin %> fsck --remote --budget 30m --trust-checksums',
  ];
  static override args = {
    name: Args.string({ description: 'with --remote: the remote to verify instead of the default one' }),
  };
  static override flags = fsckFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Fsck);
    const { repair, budget, 'trust-checksums': trustsChecksums } = flags;
    if (flags.remote) {
      const { fsckRemote } = await import('../actions/fsck-remote.js');
      return this.perform(flags, {
        action: (call) => fsckRemote({ remote: args.name, repair, budget, trustsChecksums }, call),
        text: (result) => remoteFsckText(result, repair),
        exitCode: (result) => (isUnhealed(result) ? 3 : 0),
      });
    }
    if (args.name !== undefined) throw nameWithoutRemote(args.name);
    return this.perform(flags, {
      action: (call) => fsck({ budget, repair }, call),
      text: (result) => fsckText(result, repair),
      exitCode: (result) => (foundDamage(result) ? 3 : 0),
    });
  }
}

function nameWithoutRemote(name: string) {
  const hint = `Run 'ocrpipe fsck --remote ${name}' to verify a remote; 'ocrpipe fsck' takes the whole store.`;
  return userError('command-line', `fsck checks no single path: '${name}'`, { hint });
}
