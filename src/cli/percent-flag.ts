import * as Flags from '@oclif/core/flags';
import { userError } from '../base/errors.js';
import { FlagRefusal } from './number-flag.js';

/** Two shares, 1 being the whole. */
interface Shares {
  least: number;
  most: number;
}

const RANGE = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/;

/** A flag that takes a range of percentages as `A..B`, or one as `A`, from `min` (0) to `max`; throws `bad-number` (exit code 2) for anything else. */
export const percentFlag = Flags.custom<Shares, { min?: number; max: number }>({
  helpValue: 'A..B',
  parse: (text, _context, { name, min = 0, max }) => {
    const [, first, second = first] = RANGE.exec(text) ?? [];
    const [least, most] = [Number(first), Number(second)];
    if (min <= least && least <= most && most <= max)
      return Promise.resolve({ least: least / 100, most: most / 100 });
    const message = `--${name} is a percentage or a range of them, such as 50..75, from ${min} to ${max}, not '${text}'`;
    throw new FlagRefusal(userError('bad-number', message));
  },
});
