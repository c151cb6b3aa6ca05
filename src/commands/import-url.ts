import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { importUrl } from '../actions/import-url.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { importedText } from '../cli/import-text.js';
import { objectAccess, objectFlags, versionFlag } from '../cli/object-flags.js';
import { toRemoteFlags } from '../cli/to-remote-flags.js';

export default class ImportUrl extends BaseCommand {
  static override summary = 'Download a file, or a folder of a bucket, by its URL and track it.';
  static override description =
    "PATH.ocr remembers the address, and by which etag or date its server told this version from others: 'update' downloads it again only when it has changed. The bytes are yours: 'push' sends them to your remote. Credentials for s3:// come from where those of a remote do.";
  static override examples = [
    '<%= config.bin %> import-url https://example.org/plates/labels.json',
    '<%= config.bin %> import-url s3://scans/2024/labels.json data --region eu-central-1',
    '<%= config.bin %> import-url s3://scans/2024/ data/2024 --anonymous',
    '<%= config.bin %> import-url s3://scans/2024/ data/2024 --to-remote',
  ];
  static override args = {
    url: Args.string({
      required: true,
      description: 'https://, http:// or s3://bucket/key address of a file; s3://bucket/prefix/ is a folder',
    }),
    out: Args.string({
      description: 'where to put it; into a folder that is there (default: the current folder)',
    }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace what is there' }),
    'to-remote': Flags.boolean({
      description: 'send the bytes to the remote at once: none are kept in the store or put in place',
    }),
    remote: toRemoteFlags.remote,
    'version-id': versionFlag,
    jobs: integerFlag({
      char: 'j',
      min: 1,
      max: 64,
      default: 8,
      description: 'objects of a folder at once, and uploads with --to-remote',
    }),
    ...objectFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImportUrl);
    const { force, remote: name, 'version-id': version, jobs } = flags;
    await this.perform(flags, {
      action: (call) => {
        const toRemote = flags['to-remote'] ? { name } : undefined;
        return importUrl(
          { ...args, force, version, jobs, access: objectAccess(flags, call), toRemote },
          call,
        );
      },
      text: (result) => importedText(result),
    });
  }
}
