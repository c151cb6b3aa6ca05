import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { isBroken, isClean, status } from '../actions/status.js';
import { BaseCommand } from '../cli/base-command.js';
import { statusText } from '../cli/status-text.js';
import { userError } from '../base/errors.js';

export default class Status extends BaseCommand {
  static override summary = 'Show what changed: tracked paths and stages.';
  static override description =
    'A path is clean, modified (edited, or its pointer changed), missing (nothing there), new (its pointer is not committed) or broken (its pointer cannot be read: exit code 2); a stage is fresh, stale, frozen or never-run.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --store',
    '<%= config.bin %> status --imports',
    '<%= config.bin %> status --remote',
    '<%= config.bin %> status --remote backup --exit-code',
    '<%= config.bin %> status --exit-code --json',
  ];
  static override args = {
    name: Args.string({ description: 'with --remote: the remote to ask instead of the default one' }),
  };
  static override flags = {
    store: Flags.boolean({ description: 'show how much the store holds as well' }),
    imports: Flags.boolean({
      description:
        'ask the sources of imports, and the URLs that stages depend on, whether they have something else now',
    }),
    remote: Flags.boolean({ char: 'r', description: 'ask a remote what of the tracked data it lacks' }),
    'exit-code': Flags.boolean({ description: 'exit with 3 unless everything is clean and fresh' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { store, imports, remote } = flags;
    const { name } = args;
    if (name !== undefined && !remote) throw nameWithoutRemote(name);
    await this.perform(flags, {
      action: (call) => status(call, { store, imports, ...(remote && { remote: { name } }) }),
      text: statusText,
      exitCode: (result) => (isBroken(result) ? 2 : flags['exit-code'] && !isClean(result) ? 3 : 0),
    });
  }
}

function nameWithoutRemote(name: string) {
  const hint = `'ocrpipe status' tells of all paths; 'ocrpipe status --remote ${name}' asks a remote of that name.`;
  return userError('command-line', `status takes no path: '${name}'`, { hint });
}
