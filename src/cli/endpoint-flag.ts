import * as Flags from '@oclif/core/flags';
import { userError } from '../base/errors.js';
import { FlagRefusal } from './number-flag.js';

/** A flag that takes the address of an S3 service; throws `bad-endpoint` (exit code 2) for anything else, without repeating secrets. */
export const endpointFlag = Flags.custom({
  helpValue: 'URL',
  parse: (text, _context, { name }) => {
    if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return Promise.resolve(text);
    // What stands before an '@' may be a secret.
    const shown = text.includes('@') ? '' : `, not '${text}'`;
    const isHost = /^[\w.-]+(:\d+)?(\/\S*)?$/.test(text) && text !== '';
    const hint = isHost ? `Did you mean 'http://${text}' or 'https://${text}'?` : '';
    throw new FlagRefusal(
      userError('bad-endpoint', `--${name} is an address like https://s3.example.org${shown}`, { hint }),
    );
  },
});
