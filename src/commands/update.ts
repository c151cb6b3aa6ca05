import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { isOutdated, update } from '../actions/update.js';
import { BaseCommand } from '../cli/base-command.js';
import { updateText } from '../cli/import-text.js';
import { objectAccess, ownAccessFlags, versionFlag } from '../cli/object-flags.js';
import { integerFlag } from '../cli/number-flag.js';

export default class Update extends BaseCommand {
  static override summary = 'Bring imports to what their sources have now.';
  static override description =
    'Looks at the branch that an import follows (the HEAD of its repository, unless it was imported with --rev) or at its URL; only what changed is fetched, then the pointer is written. What was edited here is left as it is.';
  static override examples = [
    '<%= config.bin %> update',
    '<%= config.bin %> update data/plates --rev v2',
    '<%= config.bin %> update --check',
    '<%= config.bin %> update data/labels.json --profile team',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({ description: 'imported paths, or folders of such (default: every import)' }),
  };
  static override flags = {
    rev: Flags.string({
      helpValue: 'REV',
      description: 'follow this branch, tag or commit of the repository from now on',
    }),
    'version-id': versionFlag,
    check: Flags.boolean({
      aliases: ['dry-run'],
      description: 'only say what has changed at the source; exits with 3 if anything has',
    }),
    jobs: integerFlag({ char: 'j', min: 1, max: 64, default: 4, description: 'downloads at once' }),
    ...ownAccessFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Update);
    const { rev: revision, 'version-id': version, check, jobs } = flags;
    await this.perform(flags, {
      action: (call) => {
        const access = objectAccess(flags, call);
        return update({ targets: argv.map(String), revision, version, check, jobs, access }, call);
      },
      text: updateText,
      json: ({ imports, toCommit }) => ({ imports, toCommit }),
      failure: (result) => result.failure,
      exitCode: (result) => (isOutdated(result) ? 3 : 0),
    });
  }
}
