import * as Flags from '@oclif/core/flags';
import { isBroken, isClean, status } from '../actions/status.js';
import { BaseCommand } from '../cli/base-command.js';
import { statusText } from '../cli/status-text.js';

export default class Status extends BaseCommand {
  static override summary = 'Show what changed: tracked paths and stages.';
  static override description =
    'A path is clean, modified (edited, or its pointer changed), missing (nothing there), new (its pointer is not committed) or broken (its pointer cannot be read: exit code 2); a stage is fresh, stale, frozen or never-run.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --store',
    '<%= config.bin %> status --imports',
    '<%= config.bin %> status --exit-code --json',
  ];
  static override flags = {
    store: Flags.boolean({ description: 'show how much the store holds as well' }),
    imports: Flags.boolean({
      description: 'ask the sources of imports whether they have something else now',
    }),
    'exit-code': Flags.boolean({ description: 'exit with 3 unless everything is clean and fresh' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    await this.perform(flags, {
      action: (call) => status(call, { store: flags.store, imports: flags.imports }),
      text: statusText,
      exitCode: (result) => (isBroken(result) ? 2 : flags['exit-code'] && !isClean(result) ? 3 : 0),
    });
  }
}
