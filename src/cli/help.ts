import type { Command } from '@oclif/core/command';
import { CommandHelp, Help } from '@oclif/core/help';
import type * as Interfaces from '@oclif/core/interfaces';
import { unknownCommand } from './unknown-command.js';
import { usageLine } from './usage.js';

const HELP_FLAGS = ['--help', '-h'];

/** The page of one command. */
class CommandPage extends CommandHelp {
  protected override usage(): string {
    return this.wrap(`$ ${usageLine(this.command)}`);
  }

  /** Only the first argument can stand several times. */
  protected override args(args: Command.Arg.Any[]): [string, string | undefined][] | undefined {
    return super
      .args(args)
      ?.map(([name, text], index) => [index === 0 ? name : name.replace(/\.{3}$/, ''), text]);
  }

  /** oclif shows no default that is 0. */
  protected override flags(flags: Command.Flag.Any[]): [string, string | undefined][] | undefined {
    return super.flags(flags.map((flag) => (flag.default === 0 ? { ...flag, default: '0' } : flag)));
  }
}

/** The pages of `--help` and `help`. */
export default class HelpPages extends Help {
  protected override CommandHelpClass = CommandPage;

  constructor(config: Interfaces.Config, options: Partial<Interfaces.HelpOptions> = {}) {
    super(config, { ...options, hideCommandSummaryInDescription: true });
  }

  /** Throws `unknown-command` (exit code 2) for words that name neither a command nor a group of commands. */
  override async showHelp(argv: string[]): Promise<void> {
    const words = subjectOf(argv);
    if (words.length === 0) return this.showRootHelp();
    const names = words.map((_, index) => words.slice(0, words.length - index).join(':'));
    const command = names.map((name) => this.config.findCommand(name)).find((each) => each !== undefined);
    if (command) return this.showCommandHelp(command);
    const topic = this.config.findTopic(words.join(':'));
    if (!topic) throw unknownCommand(words, this.config.commandIDs);
    return this.showTopicHelp(topic);
  }
}

/** The words before the first flag, less those that ask for help. */
function subjectOf(argv: readonly string[]): string[] {
  const asked = argv.filter((word) => !HELP_FLAGS.includes(word));
  const end = asked.findIndex((word) => word.startsWith('-'));
  const words = end === -1 ? asked : asked.slice(0, end);
  return words[0] === 'help' && words.length > 1 ? words.slice(1) : words;
}
