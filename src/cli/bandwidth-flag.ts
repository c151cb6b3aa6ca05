import * as Flags from '@oclif/core/flags';
import { userError } from '../base/errors.js';
import { isBandwidth } from '../config/settings.js';
import { FlagRefusal } from './number-flag.js';

/** A flag that takes bytes a second, like `500kB` or `10MB`; throws `bad-bandwidth` (exit code 2) for anything else. */
export const bandwidthFlag = Flags.custom({
  helpValue: 'RATE',
  parse: (text, _context, { name }) => {
    if (isBandwidth(text)) return Promise.resolve(text);
    throw new FlagRefusal(
      userError('bad-bandwidth', `--${name} is bytes a second, like 500kB or 10MB, not '${text}'`),
    );
  },
});
