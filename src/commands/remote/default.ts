import * as Args from '@oclif/core/args';
import { remoteDefault } from '../../actions/remote-default.js';
import { BaseCommand } from '../../cli/base-command.js';
import { toCommitLines } from '../../cli/to-commit-text.js';

export default class RemoteDefault extends BaseCommand {
  static override summary = 'Show or choose the remote that is used when none is named.';
  static override examples = ['<%= config.bin %> remote default', '<%= config.bin %> remote default backup'];
  static override args = { name: Args.string({ description: 'the remote to make the default' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteDefault);
    await this.perform(flags, {
      action: (call) => remoteDefault(args.name, call),
      text: ({ default: now, toCommit }) => [now, ...toCommitLines(toCommit)].join('\n'),
    });
  }
}
