import * as Flags from '@oclif/core/flags';

/** `--rev` of the commands that read another repository. */
export const revisionFlag = Flags.string({
  helpValue: 'REV',
  description: 'branch, tag or commit of the repository (default: its HEAD)',
});
