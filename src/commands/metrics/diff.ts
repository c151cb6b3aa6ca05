import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { metricsDiff } from '../../actions/metrics-diff.js';
import { BaseCommand } from '../../cli/base-command.js';
import { changesText } from '../../cli/value-text.js';

const NO_CHANGES = 'No metric changed.';

export default class MetricsDiff extends BaseCommand {
  static override summary = 'Show how metrics changed between two commits, or a commit and the workspace.';
  static override description = 'Numbers are rounded; --json has them as they are.';
  static override examples = [
    '<%= config.bin %> metrics diff',
    '<%= config.bin %> metrics diff HEAD~1',
    '<%= config.bin %> metrics diff main my-branch --md',
  ];
  static override args = {
    from: Args.string({ description: 'commit, branch or tag (default: HEAD)' }),
    to: Args.string({ description: 'commit, branch or tag (default: the workspace)' }),
  };
  static override flags = {
    md: Flags.boolean({ description: 'print a Markdown table', exclusive: ['json'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MetricsDiff);
    await this.perform(flags, {
      action: (call) => metricsDiff({ a: args.from, b: args.to }, call),
      text: (changes) => changesText(changes, { markdown: flags.md, rounded: true, empty: NO_CHANGES }),
    });
  }
}
