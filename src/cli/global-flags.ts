import * as Flags from '@oclif/core/flags';

/** Flags that every command has. */
export const globalFlags = {
  cwd: Flags.string({
    char: 'C',
    helpValue: 'DIR',
    description: 'run as if started in DIR',
    default: '.',
    helpGroup: 'GLOBAL',
  }),
  json: Flags.boolean({
    description: 'print the result as one JSON document, and nothing else, on stdout',
    helpGroup: 'GLOBAL',
  }),
  quiet: Flags.boolean({ char: 'q', description: 'show no progress', helpGroup: 'GLOBAL' }),
  events: Flags.boolean({
    description: 'print what happens, and the result, as JSON lines on stdout',
    helpGroup: 'GLOBAL',
    exclusive: ['json'],
  }),
};

/** The values of `globalFlags` as a command has them. */
export interface GlobalFlagValues {
  cwd: string;
  json: boolean;
  quiet: boolean;
  events: boolean;
}

const SWITCHES = new Set(['--json', '--quiet', '-q', '--events']);

/**
 * Moves global flags that stand before the command's name (`ocrpipe -C dir status`) behind it, where the parser looks
 * for them. What follows a bare `--` stays where it is.
 */
export function globalFlagsLast(argv: readonly string[]): string[] {
  const count = leadingGlobalFlags(argv);
  const leading = argv.slice(0, count);
  const rest = argv.slice(count);
  if (count === 0 || rest.length === 0) return [...argv];
  const end = rest.indexOf('--');
  return end === -1 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)];
}

function leadingGlobalFlags(argv: readonly string[]): number {
  let count = 0;
  for (;;) {
    const word = argv[count] ?? '';
    if (SWITCHES.has(word) || word.startsWith('--cwd=') || /^-C./.test(word)) count += 1;
    else if (word === '-C' || word === '--cwd') count += 2;
    else return Math.min(count, argv.length);
  }
}

/** What is asked for of stdout, told from the words alone: the parser may have refused them. */
export function stdoutForm(argv: readonly string[]): 'text' | 'json' | 'events' {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  if (words.includes('--json')) return 'json';
  return words.includes('--events') ? 'events' : 'text';
}
