import * as Flags from '@oclif/core/flags';
import { HOOK_KINDS, type HookState } from '../actions/install/hooks.js';
import { install, uninstall } from '../actions/install/install.js';
import { BaseCommand } from '../cli/base-command.js';
import { installText, uninstallText } from '../cli/install-text.js';

export default class Install extends BaseCommand {
  static override summary = 'Set up git in this clone: merge drivers, and hooks if you want them.';
  static override description =
    'The drivers merge pointers file by file and pipeline.lock stage by stage. They are set in the configuration of this clone; .gitattributes, which is to be committed, says for which files. Hooks are written only if asked for, and never over one of yours.';
  static override examples = [
    '<%= config.bin %> install',
    '<%= config.bin %> install --hook checkout --hook push',
    '<%= config.bin %> install --local',
    '<%= config.bin %> install --remove',
  ];
  static override flags = {
    hook: Flags.string({
      helpValue: 'HOOK',
      description:
        'checkout: after git checkout, merge and rebase, put data in place; push: before git push, push data; status: before git commit, show the status and refuse what is in conflict',
      options: [...HOOK_KINDS],
      multiple: true,
      default: [],
      noCacheDefault: true,
    }),
    local: Flags.boolean({
      description:
        'say for which files in .git/info/attributes, which is not committed, instead of .gitattributes',
    }),
    remove: Flags.boolean({
      description: 'take away what it did to this clone',
      exclusive: ['hook', 'local'],
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Install);
    if (flags.remove) {
      await this.perform(flags, { action: (call) => uninstall(call), text: uninstallText });
      return;
    }
    const hooks = HOOK_KINDS.filter((kind) => flags.hook.includes(kind));
    await this.perform(flags, {
      action: (call) => install({ hooks, local: flags.local }, call),
      text: installText,
      exitCode: (result) => (result.hooks.some(isForeign) ? 2 : 0),
    });
  }
}

function isForeign({ state }: HookState): boolean {
  return state === 'foreign';
}
