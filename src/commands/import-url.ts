import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { importUrl } from '../actions/import-url.js';
import { BaseCommand } from '../cli/base-command.js';
import { importedText } from '../cli/import-text.js';

export default class ImportUrl extends BaseCommand {
  static override summary = 'Download a file by its URL and track it.';
  static override description =
    "PATH.ocr remembers the address, and by which etag or date its server told this version from others: 'update' downloads it again only when it has changed. The bytes are yours: 'push' sends them to your remote.";
  static override examples = [
    '<%= config.bin %> import-url https://example.org/plates/labels.json',
    '<%= config.bin %> import-url https://example.org/fraktur.zip data/fraktur.zip',
  ];
  static override args = {
    url: Args.string({ required: true, description: 'https:// or http:// address of a file' }),
    out: Args.string({
      description: 'where to put it; into a folder that is there (default: the current folder)',
    }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace what is there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImportUrl);
    const { force } = flags;
    await this.perform(flags, {
      action: (call) => importUrl({ ...args, force }, call),
      text: (result) => importedText(result),
    });
  }
}
