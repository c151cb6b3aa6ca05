import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../base/duration.js';
import { userError } from '../base/errors.js';
import { FlagRefusal } from './number-flag.js';

/** A flag that takes a time like `90s`, `10m` or `1h30m`, in seconds; throws `bad-duration` (exit code 2) for anything else. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'TIME',
  parse: (text, _context, { name }) => {
    const seconds = parseDuration(text) ?? 0;
    if (seconds > 0 && Number.isSafeInteger(seconds)) return Promise.resolve(seconds);
    throw new FlagRefusal(
      userError('bad-duration', `--${name} is a time like 90s, 10m or 1h30m, not '${text}'`),
    );
  },
});
