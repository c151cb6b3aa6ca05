import { add, type AddedPath, type AddResult } from '../actions/add.js';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { visibleInLine } from '../cli/visible.js';
import { toCommitLines } from '../cli/to-commit-text.js';
import { countText } from '../base/count-text.js';
import { bytesText } from '../cli/units.js';

export default class Add extends BaseCommand {
  static override summary = 'Track files and folders: bytes into the store, a small pointer for git.';
  static override description =
    'Writes PATH.ocr and an entry in the .gitignore beside PATH, and says what to commit. Run it again after an edit.';
  static override examples = [
    '<%= config.bin %> add data/raw',
    '<%= config.bin %> add data/images data/labels.json',
    '<%= config.bin %> add --follow data/from-the-nas',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'files or folders to track' }),
  };
  static override flags = {
    follow: Flags.boolean({
      description: 'put copies in the place of links that lead out of the folder, and track those',
    }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Add);
    await this.perform(flags, {
      action: (call) => add({ paths: argv.map(String), follow: flags.follow }, call),
      text: addText,
    });
  }
}

function addText({ added, followed, toCommit }: AddResult): string {
  const copied = followed.map(({ path, from }) =>
    visibleInLine(`${path}  is a copy of ${from} now, no link`),
  );
  return [...copied, ...added.map(lineOf), ...toCommitLines(toCommit)].join('\n');
}

function lineOf({ path, size, files, old, changed }: AddedPath): string {
  const what = files === undefined ? bytesText(size) : `${countText(files, 'file')}, ${bytesText(size)}`;
  const how = !changed ? 'unchanged' : old === undefined ? 'added' : 'updated';
  return `${path}  ${how}  (${what})`;
}
