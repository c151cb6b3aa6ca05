import type { Command } from '@oclif/core/command';
import type * as Interfaces from '@oclif/core/interfaces';
import { unknownCommand } from './unknown-command.js';
import { commandName, usageLine, valueName } from './usage.js';

/** What `help --json` prints. */
export interface HelpDocument {
  commands: readonly CommandDocument[];
}

interface CommandDocument {
  /** 'remote add'. */
  name: string;
  summary: string;
  description?: string;
  usage: string;
  arguments: readonly { name: string; description: string; required: boolean }[];
  flags: readonly FlagDocument[];
  examples: readonly string[];
}

interface FlagDocument {
  name: string;
  char?: string;
  description: string;
  /** What stands for the value in the usage line; absent for one that takes none. */
  value?: string;
  /** The values that it takes, where these are given. */
  options?: readonly string[];
  default?: string | number | boolean;
  required: boolean;
  /** `--no-NAME` turns it off. */
  negatable?: true;
  /** True if it may stand several times. */
  multiple: boolean;
}

/**
 * The pages of help as data: of the command that `words` name, of those whose name begins so, or of all if there are none. Throws
 * `unknown-command` like the pages.
 */
export function helpDocument(config: Interfaces.Config, words: readonly string[]): HelpDocument {
  const all = config.commands.filter(({ hidden }) => !hidden);
  const id = words.join(':');
  const commands = all.filter((each) => words.length === 0 || each.id === id || each.id.startsWith(`${id}:`));
  if (commands.length === 0) throw unknownCommand(words, config.commandIDs);
  return { commands: commands.map(commandDocument).sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function commandDocument(command: Command.Loadable): CommandDocument {
  const { id, summary, description, args, flags, examples = [] } = command;
  return {
    name: commandName(id),
    summary: plain(summary),
    ...(description !== undefined && { description: plain(description) }),
    usage: usageLine(command),
    arguments: Object.values(args).map((arg) => {
      return { name: arg.name, description: plain(arg.description), required: arg.required === true };
    }),
    flags: Object.values(flags).flatMap((flag) => (flag.hidden === true ? [] : [flagDocument(flag)])),
    examples: examples.map((example) => plain(typeof example === 'string' ? example : example.command)),
  };
}

function flagDocument(flag: Command.Flag.Cached): FlagDocument {
  const { name, char, summary, description, required } = flag;
  const value: unknown = flag.default;
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return {
    name,
    ...(char !== undefined && { char }),
    description: plain(summary ?? description),
    ...(flag.type === 'option' && { value: valueName(flag) }),
    ...(flag.type === 'option' && flag.options && { options: flag.options }),
    ...(isPlain && { default: value }),
    required: required === true,
    ...(flag.type === 'boolean' && flag.allowNo && { negatable: true as const }),
    multiple: flag.type === 'option' && flag.multiple === true,
  };
}

function plain(text = ''): string {
  return text.replace(/<%= *config\.bin *%>/g, 'ocrpipe').trim();
}
