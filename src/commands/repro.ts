import { repro } from '../actions/repro.js';
import { BaseCommand } from '../cli/base-command.js';
import { reproFlags, reproInput } from '../cli/repro-flags.js';
import { reproText } from '../cli/repro-text.js';
import { stageTargets } from '../cli/target-args.js';

export default class Repro extends BaseCommand {
  static override summary = 'Run the stages of pipeline.yaml that are not up to date.';
  static override description =
    'Runs them side by side where the graph and the resources allow. A stage whose inputs are those of an earlier run gets that result back instead. After a failure nothing more is started, and what runs is waited for; what succeeded stays recorded.';
  static override examples = [
    '<%= config.bin %> repro',
    '<%= config.bin %> repro train --dry-run',
    '<%= config.bin %> repro models/plate --force',
    '<%= config.bin %> repro --pull --allow-missing',
    '<%= config.bin %> repro train --check-determinism',
  ];
  static override strict = false;
  static override args = stageTargets;
  static override flags = reproFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Repro);
    const input = reproInput(argv.map(String), flags);
    await this.perform(flags, {
      action: (call) => repro(input, call),
      text: reproText,
      exitCode: ({ stages }) => {
        if (stages.some(({ action }) => action === 'failed')) return 1;
        return stages.some(({ deterministic }) => deterministic === false) ? 3 : 0;
      },
    });
  }
}
