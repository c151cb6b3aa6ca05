import { Args, Flags } from '@oclif/core';
import { metricsDiff } from '../../actions/metrics-diff.js';
import { BaseCommand } from '../../cli/base-command.js';
import { changesMarkdown, changesText } from '../../cli/value-text.js';

const NO_CHANGES = 'No metric changed.';

export default class MetricsDiff extends BaseCommand {
  static override summary = 'Show how metrics changed between two commits, or a commit and the workspace.';
  static override examples = [
    '<%= config.bin %> metrics diff',
    '<%= config.bin %> metrics diff HEAD~1',
    '<%= config.bin %> metrics diff main my-branch --md',
  ];
  static override args = {
    a: Args.string({ description: 'a revision of git; HEAD if not given' }),
    b: Args.string({ description: 'a revision of git; the workspace if not given' }),
  };
  static override flags = { md: Flags.boolean({ summary: 'As a Markdown table.', exclusive: ['json'] }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MetricsDiff);
    await this.perform(flags, {
      action: (call) => metricsDiff({ a: args.a, b: args.b }, call),
      text: (changes) => (flags.md ? changesMarkdown : changesText)(changes, NO_CHANGES),
    });
  }
}
