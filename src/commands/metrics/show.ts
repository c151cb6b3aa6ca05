import * as Flags from '@oclif/core/flags';
import { metricsShow } from '../../actions/metrics-show.js';
import { BaseCommand } from '../../cli/base-command.js';
import { valuesText } from '../../cli/value-text.js';

export default class MetricsShow extends BaseCommand {
  static override summary = "Show the numbers of the pipeline's metrics files.";
  static override description = 'Numbers are rounded; --json has them as they are.';
  static override examples = [
    '<%= config.bin %> metrics show',
    '<%= config.bin %> metrics show --rev v1.0 --md',
  ];
  static override flags = {
    rev: Flags.string({ helpValue: 'REVISION', description: 'a revision of git, instead of the workspace' }),
    md: Flags.boolean({ description: 'print a Markdown table', exclusive: ['json'] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(MetricsShow);
    await this.perform(flags, {
      action: (call) => metricsShow({ rev: flags.rev }, call),
      text: (values) =>
        values.length === 0
          ? 'No metrics: pipeline.yaml names no file of metrics, or none is written yet.'
          : valuesText(values, { markdown: flags.md, rounded: true }),
    });
  }
}
