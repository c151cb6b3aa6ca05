import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { integerFlag } from './number-flag.js';

/** The repository that these commands read. */
export const repositoryArg = Args.string({
  required: true,
  description: 'folder or URL of a git repository',
});

/** `--rev` of the commands that read another repository. */
export const revisionFlag = Flags.string({
  helpValue: 'REV',
  description: 'branch, tag or commit of the repository (default: its HEAD)',
});

/** Flags of the commands that take one path of another repository. */
export const takeFlags = {
  out: Flags.string({
    char: 'o',
    helpValue: 'PATH',
    description: 'where to put it; into a folder that is there (default: the current folder)',
  }),
  rev: revisionFlag,
  force: Flags.boolean({ char: 'f', description: 'replace what is there' }),
  jobs: integerFlag({ char: 'j', min: 1, max: 64, default: 4, description: 'downloads at once' }),
};
