import { Args, Flags } from '@oclif/core';
import { repro } from '../actions/repro.js';
import { BaseCommand } from '../cli/base-command.js';
import { reproText } from '../cli/repro-text.js';

export default class Repro extends BaseCommand {
  static override summary = 'Run the stages of pipeline.yaml that are not up to date.';
  static override description =
    'Runs them side by side where the graph and the resources allow. A stage whose inputs are those of an earlier run gets that result back instead. A failed stage stops what depends on it; what succeeded stays recorded.';
  static override examples = [
    '<%= config.bin %> repro',
    '<%= config.bin %> repro train --dry-run',
    '<%= config.bin %> repro models/plate --force',
  ];
  static override strict = false;
  static override args = {
    targets: Args.string({
      description: 'stages, or paths of outputs; with all that they need. All if none',
    }),
  };
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      summary: 'Run the targets (all stages, if none is named) whatever their state.',
    }),
    downstream: Flags.boolean({
      summary: 'Instead of what the targets need, what needs them.',
      exclusive: ['pipeline'],
    }),
    pipeline: Flags.boolean({ char: 'p', summary: 'Everything that hangs together with the targets.' }),
    'dry-run': Flags.boolean({ char: 'n', summary: 'Only say what would be done, and why.' }),
    jobs: Flags.integer({
      char: 'j',
      min: 1,
      summary: 'How many stages run at once (default: number of cores).',
    }),
    'keep-going': Flags.boolean({ char: 'k', summary: 'After a failure, run what does not depend on it.' }),
    'run-cache': Flags.boolean({ default: true, allowNo: true, summary: 'Restore results of earlier runs.' }),
    commit: Flags.boolean({ default: true, allowNo: true, summary: 'Store the outputs and record them.' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Repro);
    const input = {
      targets: argv.map(String),
      reach: flags.pipeline ? 'pipeline' : flags.downstream ? 'downstream' : 'upstream',
      force: flags.force,
      dryRun: flags['dry-run'],
      jobs: flags.jobs,
      keepGoing: flags['keep-going'],
      runCache: flags['run-cache'],
      commit: flags.commit,
    } as const;
    await this.perform(flags, {
      action: (call) => repro(input, call),
      text: reproText,
      exitCode: ({ stages }) => (stages.some(({ action }) => action === 'failed') ? 1 : 0),
    });
  }
}
