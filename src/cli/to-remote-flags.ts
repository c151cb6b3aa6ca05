import * as Flags from '@oclif/core/flags';
import { integerFlag } from './number-flag.js';

/** `add` past the store. */
export const toRemoteFlags = {
  'to-remote': Flags.boolean({
    description:
      'send the bytes to the remote at once, and keep none in the store; also of what is outside of the workspace, which is not copied into it',
  }),
  remote: Flags.string({
    char: 'r',
    helpValue: 'NAME',
    description: 'with --to-remote, the remote to use instead of the default one',
    dependsOn: ['to-remote'],
  }),
  out: Flags.string({
    char: 'o',
    helpValue: 'PATH',
    description:
      'with --to-remote, where the place outside of the workspace is tracked (default: the current folder)',
    dependsOn: ['to-remote'],
  }),
  jobs: integerFlag({
    char: 'j',
    min: 1,
    max: 64,
    default: 4,
    description: 'with --to-remote, uploads at once',
  }),
};
