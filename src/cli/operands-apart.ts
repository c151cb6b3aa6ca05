/** What a command says of its words; see `Command` of oclif. */
interface Taking {
  strict?: boolean | undefined;
  args?: object | undefined;
  flags?: object | undefined;
  baseFlags?: object | undefined;
}

/** A command line of which the words that can be nothing but operands stand apart. */
export interface Apart {
  /** The other words, in order. */
  words: string[];
  /** So many of `words` stand before the first flag. */
  leading: number;
  /** Operands that stood behind those. */
  first: string[];
  /** Operands that stood at the end. */
  last: string[];
}

/**
 * Takes the operands out of a command line that are neither flags nor may be the value of one, except as many as have a name. The parser
 * compares each operand with all others, which for tens of thousands takes longer than what is done with them.
 */
export function operandsApart(argv: readonly string[], { strict, args, flags, baseFlags }: Taking): Apart {
  const named = Object.keys(args ?? {}).length;
  const isGreedy = Object.values<object>({ ...baseFlags, ...flags }).some(
    (flag) => 'multiple' in flag && flag.multiple === true,
  );
  if (strict !== false || isGreedy) return { words: [...argv], leading: 0, first: [], last: [] };
  const isFlag = (word: string): boolean => word.startsWith('-');
  const firstFlag = argv.findIndex(isFlag);
  const leadingEnd = firstFlag < 0 ? argv.length : firstFlag;
  const leading = Math.min(named, leadingEnd);
  // The word behind the last flag may be its value.
  const lastStart = Math.max(leadingEnd, argv.findLastIndex(isFlag) + 2 + named);
  return {
    words: [...argv.slice(0, leading), ...argv.slice(leadingEnd, lastStart)],
    leading,
    first: argv.slice(leading, leadingEnd),
    last: argv.slice(lastStart),
  };
}

/** All operands as they were typed: `parsed` are those of the words. */
export function operandsTogether<T>(parsed: readonly T[], { leading, first, last }: Apart): (T | string)[] {
  return [...parsed.slice(0, leading), ...first, ...parsed.slice(leading), ...last];
}
