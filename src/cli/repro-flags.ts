import * as Flags from '@oclif/core/flags';
import type { ReproInput } from '../actions/repro.js';
import { integerFlag } from './number-flag.js';
import { onByDefault } from './switch-flag.js';

/** What `repro` is asked to do. */
export const reproFlags = {
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
  pull: Flags.boolean({
    description: 'bring what is not here from the remote: data that stages read, results of earlier runs',
  }),
  remote: Flags.string({
    char: 'r',
    helpValue: 'NAME',
    description: 'the remote that --pull asks (default: the default remote)',
    dependsOn: ['pull'],
  }),
  'allow-missing': Flags.boolean({
    description:
      'take what is not here for what its pointer names; put in place only what stages that run read',
  }),
  'check-determinism': Flags.boolean({
    description: 'run the targets twice and compare what they make (exit code 3 if it differs)',
    exclusive: ['dry-run'],
  }),
  'run-cache': onByDefault('restore results of earlier runs'),
  commit: onByDefault('store the outputs and record them'),
};

/** The values of these flags. */
export interface ReproFlagValues {
  readonly force: boolean;
  readonly downstream: boolean;
  readonly pipeline: boolean;
  readonly 'dry-run': boolean;
  readonly jobs: number | undefined;
  readonly 'keep-going': boolean;
  readonly 'fail-fast': boolean;
  readonly pull: boolean;
  readonly remote: string | undefined;
  readonly 'allow-missing': boolean;
  readonly 'check-determinism': boolean;
  readonly 'run-cache': boolean;
  readonly commit: boolean;
}

export function reproInput(targets: readonly string[], flags: ReproFlagValues): ReproInput {
  return {
    targets,
    reach: flags.pipeline ? 'pipeline' : flags.downstream ? 'downstream' : 'upstream',
    force: flags.force,
    dryRun: flags['dry-run'],
    jobs: flags.jobs,
    keepGoing: flags['keep-going'],
    failFast: flags['fail-fast'],
    pull: flags.pull,
    remote: flags.remote,
    allowMissing: flags['allow-missing'],
    checkDeterminism: flags['check-determinism'],
    runCache: flags['run-cache'],
    commit: flags.commit,
  };
}
