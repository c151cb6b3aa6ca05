import type { FlagShape } from './usage.js';

/** What reading typed flags needs of a flag's definition. */
export interface TypedFlagShape extends FlagShape {
  char?: string | undefined;
  multiple?: boolean | undefined;
  /** A variable of the environment that gives its value too. */
  env?: string | undefined;
  /** Names of flags that it cannot stand beside. */
  exclusive?: readonly string[] | undefined;
}

/** A flag as it was typed; an option without `value` was left without one. */
export interface TypedFlag {
  flag: TypedFlagShape;
  value?: string;
}

/** The known flags among the words of a command line, in order, read as the parser reads them. */
export function typedFlags(argv: readonly string[], known: readonly TypedFlagShape[]): TypedFlag[] {
  const end = argv.indexOf('--');
  const words = end === -1 ? [...argv] : argv.slice(0, end);
  const typed: TypedFlag[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const found = flagOf(word, known);
    if (found === undefined) continue;
    const { flag, rest } = found;
    if (flag.type === 'boolean') {
      typed.push({ flag });
      if (rest !== undefined) words.unshift(`-${rest}`);
    } else if (rest !== undefined) typed.push({ flag, value: rest });
    else if (words[0] === undefined || flagOf(words[0], known)) typed.push({ flag });
    else typed.push({ flag, value: words.shift()! });
  }
  return typed;
}

/** The flag that a word names; `rest` is the value after '=' or '-j', or the further letters of '-fq'. */
function flagOf(
  word: string,
  known: readonly TypedFlagShape[],
): { flag: TypedFlagShape; rest?: string } | undefined {
  const long = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(word);
  if (long) {
    const [, no = '', name = '', value] = long;
    const flag =
      known.find((each) => each.name === no + name) ??
      known.find((each) => each.name === name && each.allowNo === true);
    return flag && { flag, ...(value !== undefined && { rest: value }) };
  }
  const short = /^-([a-zA-Z])=?(.*)$/s.exec(word);
  const flag = short ? known.find(({ char }) => char !== undefined && char === short[1]) : undefined;
  return flag && { flag, ...(short![2] !== '' && { rest: short![2]! }) };
}
