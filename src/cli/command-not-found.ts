import type { Hook } from '@oclif/core';
import { userError, type OcrpipeError } from '../base/errors.js';
import { nearestName } from '../base/nearest.js';

/** oclif's hook for words that name no command: refuses them with the nearest name. */
const commandNotFound: Hook<'command_not_found'> = function ({ id, config }) {
  const known = config.commandIDs.map((command) => command.split(':').join(' '));
  throw refusal(id.split(':'), known);
};

export default commandNotFound;

/** Why `words`, as typed, are no command line; the longest command among them may only have too many arguments. */
function refusal(words: readonly string[], known: readonly string[]): OcrpipeError {
  const prefixes = words.map((_, index) => words.slice(0, words.length - index).join(' '));
  const command = prefixes.find((prefix) => known.includes(prefix));
  if (command !== undefined) {
    const extra = words.join(' ').slice(command.length + 1);
    return userError('unexpected-argument', `'ocrpipe ${command}' takes no argument '${extra}'`, {
      hint: `See 'ocrpipe ${command} --help'.`,
    });
  }
  const near = prefixes.map((prefix) => nearestName(prefix, known)).find((name) => name !== undefined);
  return userError('unknown-command', `'${words.join(' ')}' is not a command of ocrpipe`, {
    hint: near === undefined ? "'ocrpipe --help' lists the commands." : `Did you mean 'ocrpipe ${near}'?`,
  });
}
