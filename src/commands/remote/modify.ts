import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { remoteModify } from '../../actions/remote-modify.js';
import { BaseCommand } from '../../cli/base-command.js';
import { s3Flags, s3Settings } from '../../cli/remote-flags.js';
import { REMOTE_OPTIONS } from '../../config/settings.js';
import { toCommitLines } from '../../cli/to-commit-text.js';

export default class RemoteModify extends BaseCommand {
  static override summary = 'Change the settings of a remote.';
  static override examples = [
    '<%= config.bin %> remote modify store --region eu-west-1',
    '<%= config.bin %> remote modify store --endpoint http://127.0.0.1:8333 --local',
    '<%= config.bin %> remote modify store --unset profile',
  ];
  static override args = { name: Args.string({ required: true, description: 'the remote' }) };
  static override flags = {
    url: Flags.string({ helpValue: 'URL', description: 's3://bucket/prefix, or a folder' }),
    ...s3Flags,
    unset: Flags.string({
      multiple: true,
      helpValue: 'SETTING',
      options: [...REMOTE_OPTIONS],
      description: 'take a setting away',
    }),
    local: Flags.boolean({
      description: 'only on this machine (config.local.yaml, which git does not share)',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteModify);
    const { url, unset = [], local } = flags;
    const changes = { ...(url !== undefined && { url }), ...s3Settings(flags) };
    await this.perform(flags, {
      action: (call) => remoteModify({ name: args.name, changes, unset, local }, call),
      text: ({ name, url: now, toCommit }) =>
        [`remote '${name}': ${now}`, ...toCommitLines(toCommit)].join('\n'),
    });
  }
}
