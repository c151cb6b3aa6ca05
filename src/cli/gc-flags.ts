import { Flags } from '@oclif/core';

/** What `gc` is told to keep, and how far it may go. */
export const gcFlags = {
  workspace: Flags.boolean({ char: 'w', description: 'keep only what the workspace needs' }),
  'all-branches': Flags.boolean({ char: 'a', description: 'and the last commit of each branch' }),
  'all-tags': Flags.boolean({ char: 'T', description: 'and each tag' }),
  'all-commits': Flags.boolean({
    char: 'A',
    description: 'and every commit of branches, tags and all other refs',
  }),
  'all-experiments': Flags.boolean({ description: 'and each experiment' }),
  projects: Flags.string({
    char: 'p',
    multiple: true,
    helpValue: 'DIR',
    description: 'and what these workspaces need',
  }),
  unpushed: Flags.boolean({ description: 'let go of what no remote has, too' }),
  'allow-missing': Flags.boolean({
    description: 'go on where a needed directory is neither here nor on a remote',
  }),
  'forget-workspace': Flags.string({
    multiple: true,
    helpValue: 'DIR',
    description: 'a workspace that shared the store and is gone for good',
  }),
  now: Flags.boolean({
    description:
      'delete at once, and what is in the trash already; waits until no other command uses the store',
  }),
  'dry-run': Flags.boolean({ char: 'n', description: 'change nothing, only say what would go' }),
};
