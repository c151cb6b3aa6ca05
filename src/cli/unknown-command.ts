import { userError, type OcrpipeError } from '../base/errors.js';
import { nearestName, suggest } from '../base/nearest.js';
import { globalFlags } from './global-flags.js';

/** Why `words`, as typed, are no command line; the longest command among them may only have too many arguments. */
export function unknownCommand(words: readonly string[], commandIds: readonly string[]): OcrpipeError {
  const [first = ''] = words;
  if (first.startsWith('-')) return unknownLeadingFlag(first);
  const known = commandIds.map((id) => id.replaceAll(':', ' '));
  const prefixes = words.map((_, index) => words.slice(0, words.length - index).join(' '));
  const command = prefixes.find((prefix) => known.includes(prefix));
  if (command !== undefined) {
    const extra = words.join(' ').slice(command.length + 1);
    return userError('unexpected-argument', `'ocrpipe ${command}' takes no argument '${extra}'`, {
      hint: `'ocrpipe ${command} --help' says what it takes.`,
    });
  }
  const near = prefixes.map((prefix) => nearestName(prefix, known)).find((name) => name !== undefined);
  const meant = near === undefined ? '' : `Did you mean 'ocrpipe ${near}'? `;
  return userError('unknown-command', `'${words.join(' ')}' is not a command of ocrpipe`, {
    hint: `${meant}'ocrpipe --help' lists the commands.`,
  });
}

function unknownLeadingFlag(flag: string): OcrpipeError {
  const known = ['help', 'version', ...Object.keys(globalFlags)].map((name) => `--${name}`);
  return userError('unknown-flag', `ocrpipe has no flag ${flag}`, {
    hint: `${suggest(flag, known)} Flags of a command come after its name.`,
  });
}
