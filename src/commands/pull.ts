import * as Flags from '@oclif/core/flags';
import { pull } from '../actions/pull.js';
import { BaseCommand } from '../cli/base-command.js';
import { linkFlag } from '../cli/link-flag.js';
import { integerFlag } from '../cli/number-flag.js';
import { dataTargets } from '../cli/target-args.js';
import { transferFlags, transferScope, transferText } from '../cli/transfer.js';

export default class Pull extends BaseCommand {
  static override summary = 'Bring tracked data from a remote and put the files in place.';
  static override description =
    'Fetches what is missing, verified, then makes each tracked path what its pointer says. A target below a tracked folder brings only that part, and so does a pattern: * and ? stand for parts of a name, ** for any folders.';
  static override examples = [
    '<%= config.bin %> pull',
    '<%= config.bin %> pull data/raw/2024',
    "<%= config.bin %> pull 'data/raw/a*'",
    '<%= config.bin %> pull train --remote backup',
    '<%= config.bin %> pull --runs',
  ];
  static override strict = false;
  static override args = dataTargets;
  static override flags = {
    ...transferFlags,
    jobs: integerFlag({ char: 'j', min: 1, max: 64, default: 4, description: 'downloads at once' }),
    force: Flags.boolean({ char: 'f', description: 'overwrite files that were edited' }),
    link: linkFlag(),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Pull);
    const { remote, jobs, force, link: links, bandwidth } = flags;
    await this.perform(flags, {
      action: (call) => {
        const scope = transferScope(flags);
        return pull({ targets: argv.map(String), remote, jobs, force, links, bandwidth, scope }, call);
      },
      text: (result) => transferText(result, 'fetched from'),
    });
  }
}
