import * as Args from '@oclif/core/args';
import { remoteRemove } from '../../actions/remote-remove.js';
import { BaseCommand } from '../../cli/base-command.js';
import { toCommitLines } from '../../cli/to-commit-text.js';

export default class RemoteRemove extends BaseCommand {
  static override summary = 'Take a remote out of the configuration; what it holds stays.';
  static override examples = ['<%= config.bin %> remote remove backup'];
  static override args = { name: Args.string({ required: true, description: 'the remote' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteRemove);
    await this.perform(flags, {
      action: (call) => remoteRemove(args.name, call),
      text: ({ removed, toCommit }) =>
        [
          `remote '${removed}' removed from the configuration; what it holds stays`,
          ...toCommitLines(toCommit),
        ].join('\n'),
    });
  }
}
