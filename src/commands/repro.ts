import * as Flags from '@oclif/core/flags';
import { repro } from '../actions/repro.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { reproText } from '../cli/repro-text.js';
import { onByDefault } from '../cli/switch-flag.js';
import { stageTargets } from '../cli/target-args.js';

export default class Repro extends BaseCommand {
  static override summary = 'Run the stages of pipeline.yaml that are not up to date.';
  static override description =
    'Runs them side by side where the graph and the resources allow. A stage whose inputs are those of an earlier run gets that result back instead. After a failure nothing more is started, and what runs is waited for; what succeeded stays recorded.';
  static override examples = [
    '<%= config.bin %> repro',
    '<%= config.bin %> repro train --dry-run',
    '<%= config.bin %> repro models/plate --force',
  ];
  static override strict = false;
  static override args = stageTargets;
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: 'run the targets (all stages, if none is named) whatever their state',
    }),
    downstream: Flags.boolean({
      description: 'run what needs the targets, instead of what they need',
      exclusive: ['pipeline'],
    }),
    pipeline: Flags.boolean({
      char: 'p',
      description: 'run everything that hangs together with the targets',
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'only say what would be done, and why' }),
    jobs: integerFlag({ char: 'j', min: 1, description: 'stages at once (default: number of cores)' }),
    'keep-going': Flags.boolean({ char: 'k', description: 'after a failure, go on with the rest' }),
    'fail-fast': Flags.boolean({
      description: 'after a failure, end what runs instead of waiting for it',
      exclusive: ['keep-going'],
    }),
    'run-cache': onByDefault('restore results of earlier runs'),
    commit: onByDefault('store the outputs and record them'),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Repro);
    const { force, jobs, commit } = flags;
    const input = {
      ...{ targets: argv.map(String), force, jobs, commit },
      reach: flags.pipeline ? 'pipeline' : flags.downstream ? 'downstream' : 'upstream',
      ...{ dryRun: flags['dry-run'], runCache: flags['run-cache'] },
      ...{ keepGoing: flags['keep-going'], failFast: flags['fail-fast'] },
    } as const;
    await this.perform(flags, {
      action: (call) => repro(input, call),
      text: reproText,
      exitCode: ({ stages }) => (stages.some(({ action }) => action === 'failed') ? 1 : 0),
    });
  }
}
