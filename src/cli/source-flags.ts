import * as Flags from '@oclif/core/flags';

/** `--rev` of the commands that read another repository. */
export const revisionFlag = Flags.string({
  helpValue: 'REV',
  description: 'branch, tag or commit of the repository (default: its HEAD)',
});

/** Where a command that takes one path of another repository puts it. */
export const outFlag = Flags.string({
  char: 'o',
  helpValue: 'PATH',
  description: 'where to put it; into a folder that is there (default: the current folder)',
});
