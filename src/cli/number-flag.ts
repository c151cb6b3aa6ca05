import { Flags } from '@oclif/core';
import { userError } from '../base/errors.js';

/** A flag that takes a decimal number between `min` and `max`; throws `bad-number` (exit code 2) for anything else. */
export const numberFlag = Flags.custom<number, { min: number; max: number }>({
  parse: (text, _context, { name, min, max }) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return Promise.resolve(value);
    throw userError('bad-number', `--${name} ${text} is not a number from ${min} to ${max}`);
  },
});
