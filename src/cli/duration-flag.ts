import * as Flags from '@oclif/core/flags';
import { userError } from '../base/errors.js';
import { FlagRefusal } from './number-flag.js';

const SECONDS = { s: 1, m: 60, h: 3600 } as const;
const FORM = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

/** A flag that takes a time like `90s`, `10m` or `1h30m`, in seconds; throws `bad-duration` (exit code 2) for anything else. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'TIME',
  parse: (text, _context, { name }) => {
    const [, hours = '0', minutes = '0', rest = '0'] = FORM.exec(text) ?? [];
    const seconds = Number(hours) * SECONDS.h + Number(minutes) * SECONDS.m + Number(rest) * SECONDS.s;
    if (seconds > 0 && Number.isSafeInteger(seconds)) return Promise.resolve(seconds);
    throw new FlagRefusal(
      userError('bad-duration', `--${name} is a time like 90s, 10m or 1h30m, not '${text}'`),
    );
  },
});
