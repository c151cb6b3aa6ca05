import * as Flags from '@oclif/core/flags';

/** What `gc` is told to keep, and how far it may go. */
export const gcFlags = {
  workspace: Flags.boolean({ char: 'w', description: 'keep only what the workspace needs' }),
  'all-branches': Flags.boolean({ char: 'a', description: 'keep the last commit of each branch, too' }),
  'all-tags': Flags.boolean({ char: 'T', description: 'keep each tag, too' }),
  'all-commits': Flags.boolean({
    char: 'A',
    description: 'keep every commit that a branch, a tag or any other ref leads to',
  }),
  'all-experiments': Flags.boolean({ description: 'keep each experiment, too' }),
  projects: Flags.string({
    char: 'p',
    multiple: true,
    helpValue: 'DIR',
    description: 'keep what these workspaces need, too',
  }),
  unpushed: Flags.boolean({ description: 'let go of what no remote has, too' }),
  'allow-missing': Flags.boolean({
    description: 'go on where a needed directory is neither here nor on a remote',
  }),
  'skip-broken': Flags.string({
    multiple: true,
    helpValue: 'COMMIT:PATH',
    description:
      'go on without this one pointer or lock of an old commit, which cannot be read; the content ids that stand in it are kept',
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
  remote: Flags.boolean({
    char: 'r',
    description: 'collect on a remote instead of the store',
    exclusive: ['unpushed', 'now', 'forget-workspace'],
  }),
  'no-fetch': Flags.boolean({
    description: "with --remote: go by the branches that this clone knows, without a 'git fetch' first",
    dependsOn: ['remote'],
  }),
  exclusive: Flags.boolean({
    description: 'with --remote: nobody else uses it now; for services without conditional writes',
    dependsOn: ['remote'],
  }),
  'dry-run': Flags.boolean({
    char: 'n',
    default: false,
    description: 'change nothing, only say what would go',
  }),
};
