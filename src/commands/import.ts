import * as Args from '@oclif/core/args';
import { importPath, type ImportResult } from '../actions/import.js';
import { BaseCommand } from '../cli/base-command.js';
import { repositoryArg, takeFlags } from '../cli/source-flags.js';
import { importedText } from '../cli/import-text.js';

export default class Import extends BaseCommand {
  static override summary =
    'Track a file or folder of another git repository, and remember where it is from.';
  static override description =
    "Like 'get', into the workspace: PATH.ocr also names the repository, the commit and the path there. 'update' brings it up to date, 'pull' brings it from that repository's remote, and 'push' leaves it out unless it is named or --imports is given.";
  static override examples = [
    '<%= config.bin %> import https://git.example.org/team/plates models/plate',
    '<%= config.bin %> import git@git.example.org:team/plates data/raw --rev main --out data/plates',
    '<%= config.bin %> import ../plates data/raw/2024',
  ];
  static override args = {
    repository: repositoryArg,
    path: Args.string({ required: true, description: 'a tracked path in it, a part of one, or a file' }),
  };
  static override flags = takeFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Import);
    const { out, rev: revision, force, jobs } = flags;
    await this.perform<ImportResult>(flags, {
      action: (call) => importPath({ ...args, out, revision, force, jobs }, call),
      text: importedText,
    });
  }
}
