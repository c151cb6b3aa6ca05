import * as Args from '@oclif/core/args';
import { unlink, type UnlinkResult } from '../actions/unlink.js';
import { BaseCommand } from '../cli/base-command.js';
import { visibleInLine } from '../cli/visible.js';
import { countText } from '../base/count-text.js';
import { bytesText } from '../cli/units.js';

/** Files that are named, of all. */
const NAMED = 10;

export default class Unlink extends BaseCommand {
  static override summary = 'Make linked files plain files that can be edited.';
  static override description =
    'Files that were placed with --link hardlink or symlink are the files of the store itself. Run this before a program edits one in place: it becomes a copy of its own, writable, with the same bytes. Files of their own are left as they are.';
  static override examples = [
    '<%= config.bin %> unlink models/plate/weights.bin',
    '<%= config.bin %> unlink data',
    '<%= config.bin %> unlink .',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'files or folders; . for all that is tracked' }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Unlink);
    await this.perform(flags, {
      action: (call) => unlink({ paths: argv.map(String) }, call),
      text: unlinkText,
    });
  }
}

function unlinkText({ unlinked, bytes }: UnlinkResult): string {
  if (unlinked.length === 0) return 'Nothing to do: no file there is a link to the store.';
  const names = unlinked
    .slice(0, NAMED)
    .map(({ path, size }) => `${visibleInLine(path)}  now a file of its own  (${bytesText(size)})`);
  if (unlinked.length === 1) return names.join('\n');
  const more = unlinked.length > NAMED ? [`and ${unlinked.length - NAMED} more`] : [];
  return [...names, ...more, `${countText(unlinked.length, 'file')}, ${bytesText(bytes)} in all`].join('\n');
}
