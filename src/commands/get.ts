import * as Args from '@oclif/core/args';
import { get, type GetResult } from '../actions/get.js';
import { countText } from '../base/count-text.js';
import { BaseCommand } from '../cli/base-command.js';
import { repositoryArg, takeFlags } from '../cli/source-flags.js';
import { bytesText } from '../cli/units.js';
import { visibleInLine } from '../cli/visible.js';

export default class Get extends BaseCommand {
  static override summary = 'Download a file or folder of a git repository, tracked or not.';
  static override description =
    'Brings what a commit has at a path, from the remote of that repository, verified; no workspace is needed, and nothing is tracked. It appears whole or not at all. What had arrived of an interrupted download is not fetched again.';
  static override examples = [
    '<%= config.bin %> get https://git.example.org/team/plates models/plate',
    '<%= config.bin %> get git@git.example.org:team/plates data/raw/2024 --rev v1.2 --out data/old',
    '<%= config.bin %> get ../plates data/raw/0001.png --out /tmp',
  ];
  static override args = {
    repository: repositoryArg,
    path: Args.string({ required: true, description: 'a file or folder in it' }),
  };
  static override flags = takeFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Get);
    const { out, rev: revision, force, jobs } = flags;
    await this.perform(flags, {
      action: (call) => get({ ...args, out, revision, force, jobs }, call),
      text: getText,
    });
  }
}

function getText({ out, files, size, path, commit }: GetResult): string {
  const what = `${countText(files, 'file')}, ${bytesText(size)}`;
  return visibleInLine(`${out}  (${what}; ${path} at ${commit.slice(0, 10)})`);
}
