import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { paramsDiff } from '../../actions/params-diff.js';
import { BaseCommand } from '../../cli/base-command.js';
import { changesText } from '../../cli/value-text.js';

const NO_CHANGES = 'No parameter changed.';

export default class ParamsDiff extends BaseCommand {
  static override summary = 'Show how parameters changed between two commits, or a commit and the workspace.';
  static override examples = [
    '<%= config.bin %> params diff',
    '<%= config.bin %> params diff HEAD~1',
    '<%= config.bin %> params diff main my-branch --md',
  ];
  static override args = {
    from: Args.string({ description: 'commit, branch or tag (default: HEAD)' }),
    to: Args.string({ description: 'commit, branch or tag (default: the workspace)' }),
  };
  static override flags = {
    md: Flags.boolean({ description: 'print a Markdown table', exclusive: ['json'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ParamsDiff);
    await this.perform(flags, {
      action: (call) => paramsDiff({ a: args.from, b: args.to }, call),
      text: (changes) => changesText(changes, { markdown: flags.md, rounded: false, empty: NO_CHANGES }),
    });
  }
}
