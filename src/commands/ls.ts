import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { ls, type LsEntry, type LsResult } from '../actions/ls.js';
import { countText } from '../base/count-text.js';
import { BaseCommand } from '../cli/base-command.js';
import { repositoryArg, revisionFlag } from '../cli/source-flags.js';
import { textTable } from '../cli/table.js';
import { bytesText } from '../cli/units.js';

export default class Ls extends BaseCommand {
  static override summary = 'List the files of a git repository, tracked ones too.';
  static override description =
    'Lists what the last commit of a repository has: what git holds, and what pointers name. One commit is fetched into a cache, and of tracked folders the listings; no data. In a workspace, . is its own repository.';
  static override examples = [
    '<%= config.bin %> ls .',
    '<%= config.bin %> ls https://git.example.org/team/plates data',
    '<%= config.bin %> ls git@git.example.org:team/plates data/raw --rev v1.2 --recursive',
    '<%= config.bin %> ls ../plates data/raw --json',
  ];
  static override args = {
    repository: repositoryArg,
    path: Args.string({ description: 'a path in it (default: its top)' }),
  };
  static override flags = {
    rev: revisionFlag,
    recursive: Flags.boolean({ char: 'R', description: 'list every file below, not only one level' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Ls);
    const { repository, path } = args;
    const { rev: revision, recursive } = flags;
    await this.perform(flags, {
      action: (call) => ls({ repository, path, revision, recursive }, call),
      text: lsText,
    });
  }
}

function lsText({ entries }: LsResult): string {
  return textTable(entries.map((entry) => [nameOf(entry), sizeOf(entry)]));
}

function nameOf({ path, kind }: LsEntry): string {
  return kind === 'directory' ? `${path}/` : kind === 'link' ? `${path}@` : path;
}

function sizeOf({ size, files, tracked }: LsEntry): string {
  if (size === undefined) return '';
  const what = files === undefined ? bytesText(size) : `${bytesText(size)} in ${countText(files, 'file')}`;
  return tracked ? what : `${what} (git)`;
}
