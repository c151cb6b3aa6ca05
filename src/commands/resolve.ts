import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { isOpen, resolve } from '../actions/resolve/resolve.js';
import { BaseCommand } from '../cli/base-command.js';
import { resolveText } from '../cli/resolve-text.js';

export default class Resolve extends BaseCommand {
  static override summary =
    'Resolve what a git merge left in conflict: pointers, files in tracked folders, stages.';
  static override description =
    'Without --ours, --theirs or --union it merges what can be merged, and shows what is to be chosen: which files both sides changed, and which commit each side is (in a rebase, "ours" is what you rebase onto). A stage that both sides ran is chosen as a whole, with all that it made. Exits with 2 while something is to be chosen.';
  static override examples = [
    '<%= config.bin %> resolve',
    '<%= config.bin %> resolve data/raw --union',
    '<%= config.bin %> resolve data/raw/labels/a.txt --theirs',
    '<%= config.bin %> resolve train --ours',
    '<%= config.bin %> resolve --theirs',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({
      description: 'tracked paths, files in them, stages, pipeline.lock (default: all that is in conflict)',
    }),
  };
  static override flags = {
    ours: Flags.boolean({ description: 'keep what this side has', exclusive: ['theirs', 'union'] }),
    theirs: Flags.boolean({ description: 'take what the other side has', exclusive: ['union'] }),
    union: Flags.boolean({
      description:
        'keep both versions of a file, that of the other side as NAME~theirs, and what one side deleted',
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Resolve);
    const choice = (['ours', 'theirs', 'union'] as const).find((each) => flags[each]);
    await this.perform(flags, {
      action: (call) => resolve({ targets: argv.map(String), choice }, call),
      text: resolveText,
      exitCode: (result) => (isOpen(result) ? 2 : 0),
    });
  }
}
