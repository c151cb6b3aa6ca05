import * as Args from '@oclif/core/args';
import { userError } from '../base/errors.js';
import { BaseCommand } from '../cli/base-command.js';
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../cli/completion-scripts.js';

export default class Completion extends BaseCommand {
  static override summary = 'Print what completes commands, flags, stages and tracked paths in a shell.';
  static override description =
    'bash: add `eval "$(ocrpipe completion bash)"` to ~/.bashrc. zsh: the same with zsh, in ~/.zshrc behind compinit. fish: `ocrpipe completion fish > ~/.config/fish/completions/ocrpipe.fish`.';
  static override examples = [
    'eval "$(<%= config.bin %> completion bash)"',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/ocrpipe.fish',
  ];
  static override args = {
    shell: Args.string({ required: true, description: `the shell: ${SHELLS.join(', ')}` }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Completion);
    await this.perform(flags, {
      action: () => COMPLETION_SCRIPTS[shellOf(args.shell)],
      text: (script) => script,
      json: (script) => ({ shell: args.shell, script }),
    });
  }
}

function shellOf(typed: string): Shell {
  const shell = SHELLS.find((each) => each === typed);
  if (shell !== undefined) return shell;
  throw userError('command-line', `there is no completion for '${typed}'`, {
    hint: `There is for ${SHELLS.join(', ')}.`,
  });
}
