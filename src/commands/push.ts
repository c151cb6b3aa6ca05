import * as Flags from '@oclif/core/flags';
import { push } from '../actions/push.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { dataTargets } from '../cli/target-args.js';
import { transferFlags, transferScope, transferText } from '../cli/transfer.js';

export default class Push extends BaseCommand {
  static override summary = 'Send what the remote lacks of the tracked data.';
  static override description =
    'Sends what the pointers of the workspace name, and the run records of pipeline.lock; with --all-branches and the like also what other commits name. Interrupted, it goes on where it stopped when run again.';
  static override examples = [
    '<%= config.bin %> push',
    '<%= config.bin %> push data/raw --remote backup',
    '<%= config.bin %> push train',
    '<%= config.bin %> push --verify',
    '<%= config.bin %> push --all-branches --all-tags',
    '<%= config.bin %> push --all-commits --runs',
  ];
  static override strict = false;
  static override args = dataTargets;
  static override flags = {
    ...transferFlags,
    imports: Flags.boolean({
      description: 'also what was imported from other repositories, which their remotes have',
    }),
    verify: Flags.boolean({
      description: 'first read what the remote has of it; send again what is gone or damaged there',
    }),
    jobs: integerFlag({ char: 'j', min: 1, max: 64, default: 4, description: 'uploads at once' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Push);
    await this.perform(flags, {
      action: (call) => {
        const { remote, jobs, verify, imports, bandwidth } = flags;
        const scope = transferScope(flags);
        return push({ targets: argv.map(String), remote, jobs, verify, imports, bandwidth, scope }, call);
      },
      text: (result) => transferText(result, 'sent to'),
    });
  }
}
