import { userError, type OcrpipeError } from '../base/errors.js';
import { nearestName, suggest } from '../base/nearest.js';
import { gitHabit } from './git-habits.js';
import { typedFlags, type TypedFlag, type TypedFlagShape } from './typed-flags.js';
import { commandName, flagUsage, usageLine, type CommandShape } from './usage.js';

/** A command as far as refusals speak of it. */
export interface RefusingCommand extends CommandShape {
  args: Readonly<Record<string, { name: string; required?: boolean; description?: string }>>;
  flags: Readonly<Record<string, TypedFlagShape>>;
}

/**
 * Why the parser refused `argv`, told from what the command takes and from the data of the parser's error, never from its
 * words. Undefined if there is nothing wrong with the command line.
 */
export function commandLineError(
  error: Error,
  command: RefusingCommand,
  argv: readonly string[],
): OcrpipeError | undefined {
  const typed = typedFlags(argv, Object.values(command.flags));
  const refusal =
    unknownFlag(error, command) ??
    withoutValue(typed) ??
    repeated(typed) ??
    invalidChoice(typed) ??
    invalidVariable(command) ??
    conflict(typed) ??
    tooMany(error, command) ??
    missing(error, command, typed);
  if (refusal === undefined) return undefined;
  const { code, message, hint } = refusal;
  return userError(code, message, {
    hint: [hint, usageHint(command)].filter(Boolean).join(' '),
    cause: error,
  });
}

/** The usage line of a command, and where to read more. */
export function usageHint(command: CommandShape): string {
  return `Usage: ${usageLine(command)} ('ocrpipe ${commandName(command.id)} --help' says more).`;
}

interface Refusal {
  code: string;
  message: string;
  hint?: string;
}

function unknownFlag(error: Error, { id, flags }: RefusingCommand): Refusal | undefined {
  if (!('flags' in error) || !Array.isArray(error.flags)) return undefined;
  const typed = error.flags.map((flag) => String(flag).replace(/=.*$/s, ''));
  const known = Object.values(flags).map(({ name }) => `--${name}`);
  return {
    code: 'unknown-flag',
    message: `'ocrpipe ${commandName(id)}' has no flag ${typed.join(', ')}`,
    hint: gitHabit(commandName(id), typed[0] ?? '') ?? suggest(typed[0] ?? '', known),
  };
}

function withoutValue(typed: readonly TypedFlag[]): Refusal | undefined {
  const bare = typed.find(({ flag, value }) => flag.type === 'option' && value === undefined);
  if (bare === undefined) return undefined;
  const { name, options } = bare.flag;
  return {
    code: 'flag-without-value',
    message: `--${name} needs a value`,
    ...(options && { hint: `One of: ${options.join(', ')}.` }),
  };
}

function repeated(typed: readonly TypedFlag[]): Refusal | undefined {
  const single = typed.filter(({ flag }) => flag.type === 'option' && flag.multiple !== true);
  const twice = single.find(({ flag }, index) => single.slice(0, index).some((each) => each.flag === flag));
  return (
    twice && {
      code: 'flag-repeated',
      message: `--${twice.flag.name} is given twice`,
      hint: 'It takes one value.',
    }
  );
}

function invalidChoice(typed: readonly TypedFlag[]): Refusal | undefined {
  for (const { flag, value } of typed) {
    if (value !== undefined && flag.options?.includes(value) === false)
      return notAChoice(`--${flag.name}`, value, flag.options);
  }
  return undefined;
}

function invalidVariable({ flags }: RefusingCommand): Refusal | undefined {
  for (const { env, options } of Object.values(flags)) {
    const value = env === undefined ? undefined : process.env[env];
    if (env !== undefined && value && options?.includes(value) === false)
      return notAChoice(env, value, options);
  }
  return undefined;
}

function notAChoice(name: string, value: string, options: readonly string[]): Refusal {
  const near = nearestName(value, options);
  const meant = near === undefined ? '' : `Did you mean '${near}'? `;
  return {
    code: 'invalid-choice',
    message: `${name} cannot be '${value}'`,
    hint: `${meant}One of: ${options.join(', ')}.`,
  };
}

function conflict(typed: readonly TypedFlag[]): Refusal | undefined {
  for (const { flag } of typed) {
    const other = typed.find((each) => flag.exclusive?.includes(each.flag.name) === true);
    if (other) {
      return {
        code: 'conflicting-flags',
        message: `--${flag.name} and --${other.flag.name} exclude each other`,
        hint: 'Leave one out.',
      };
    }
  }
  return undefined;
}

/** The parser gives arguments that are too many as they were typed. */
function tooMany(error: Error, { id, args }: RefusingCommand): Refusal | undefined {
  const [first] = argumentsOf(error);
  if (typeof first !== 'string') return undefined;
  const further = Object.keys(args).length > 0 ? 'further ' : '';
  return {
    code: 'unexpected-argument',
    message: `'ocrpipe ${commandName(id)}' takes no ${further}argument '${first}'`,
  };
}

/** The parser gives arguments that are missing as definitions, and only then looks for missing flags. */
function missing(
  error: Error,
  { id, flags }: RefusingCommand,
  typed: readonly TypedFlag[],
): Refusal | undefined {
  const words = (argumentsOf(error) as { name: string; description?: string }[]).map(
    ({ name, description = '' }) => `${name.toUpperCase()} (${description})`,
  );
  const lacking = Object.values(flags).filter(
    (flag) => flag.required === true && !typed.some((each) => each.flag === flag),
  );
  const all = [...words, ...lacking.map(flagUsage)];
  if (all.length === 0) return undefined;
  return {
    code: words.length > 0 ? 'missing-argument' : 'missing-flag',
    message: `'ocrpipe ${commandName(id)}' needs ${enumerated(all)}`,
  };
}

/** 'a, b and c'. */
function enumerated(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' and ');
}

function argumentsOf(error: Error): readonly unknown[] {
  return 'args' in error && Array.isArray(error.args) ? (error.args as unknown[]) : [];
}
