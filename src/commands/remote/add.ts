import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { remoteAdd, type RemoteAdded } from '../../actions/remote-add.js';
import { BaseCommand } from '../../cli/base-command.js';
import { probeLines } from '../../cli/probe-text.js';
import { s3Flags, s3Settings } from '../../cli/remote-flags.js';
import { toCommitLines } from '../../cli/to-commit-text.js';
import { onByDefault } from '../../cli/switch-flag.js';

export default class RemoteAdd extends BaseCommand {
  static override summary = 'Add a remote: a bucket or a folder that push and pull use.';
  static override description =
    'Tries it out first: lists, writes, reads and deletes a small object; a folder is made if only its last level is missing. Credentials come from the AWS environment variables, profiles or roles, never from here.';
  static override examples = [
    '<%= config.bin %> remote add store s3://my-bucket/ocr --region eu-central-1',
    '<%= config.bin %> remote add local s3://bucket --endpoint http://127.0.0.1:8333 --profile dev',
    '<%= config.bin %> remote add disk ../shared-store --default',
  ];
  static override args = {
    name: Args.string({ required: true, description: 'what to call it' }),
    url: Args.string({ required: true, description: 's3://bucket/prefix, or a folder' }),
  };
  static override flags = {
    ...s3Flags,
    default: Flags.boolean({ description: 'use it when no remote is named (the first one is anyway)' }),
    check: onByDefault('try it out before it is added'),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteAdd);
    const { name, url } = args;
    const settings = { url, ...s3Settings(flags) };
    const options = { name, settings, makeDefault: flags.default, check: flags.check };
    await this.perform(flags, { action: (call) => remoteAdd(options, call), text: addedText });
  }
}

function addedText(result: RemoteAdded): string {
  const { name, url, default: isDefault, supports, readOnly, madeFolder, toCommit } = result;
  const made = madeFolder === undefined ? '' : `; made the folder ${madeFolder}`;
  const added = `remote '${name}' added: ${url}${isDefault ? ' (default)' : ''}${made}`;
  const rest = toCommitLines(toCommit);
  const tried = readOnly === true ? 'tried out by reading alone' : 'not tried out';
  if (supports === undefined) return [`${added}, ${tried}`, ...rest].join('\n');
  return [added, ...probeLines(supports), ...rest].join('\n');
}
