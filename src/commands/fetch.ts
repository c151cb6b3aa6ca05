import { fetch } from '../actions/fetch.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { dataTargets } from '../cli/target-args.js';
import { transferFlags, transferScope, transferText } from '../cli/transfer.js';

export default class Fetch extends BaseCommand {
  static override summary = 'Bring tracked data from a remote into the local store.';
  static override description =
    'The files of the workspace stay as they are; pull puts them in place as well. Every object is verified before it is stored.';
  static override examples = [
    '<%= config.bin %> fetch',
    '<%= config.bin %> fetch data/raw/2024 --remote backup',
    '<%= config.bin %> fetch --all-branches --all-tags',
  ];
  static override strict = false;
  static override args = dataTargets;
  static override flags = {
    ...transferFlags,
    jobs: integerFlag({ char: 'j', min: 1, max: 64, default: 4, description: 'downloads at once' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Fetch);
    await this.perform(flags, {
      action: (call) => {
        const { remote, jobs, bandwidth } = flags;
        const scope = transferScope(flags);
        return fetch({ targets: argv.map(String), remote, jobs, bandwidth, scope }, call);
      },
      text: (result) => transferText(result, 'fetched from'),
    });
  }
}
