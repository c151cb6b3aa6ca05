import * as Flags from '@oclif/core/flags';
import { userError, type OcrpipeError } from '../base/errors.js';

type Range = Partial<Record<'min' | 'max', number>>;

/** How a flag refuses its value; the parser rewrites the message of what is thrown to it, but leaves `refusal` alone. */
export class FlagRefusal extends Error {
  readonly refusal: OcrpipeError;

  constructor(refusal: OcrpipeError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** A flag that takes a decimal number between `min` and `max`; throws `bad-number` (exit code 2) for anything else. */
export const numberFlag = Flags.custom<number, Range>({
  helpValue: 'N',
  parse: (text, _context, { name, ...range }) =>
    parsed(text, { name, what: 'number', accepts: /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i, range }),
});

const WHOLE = /^-?\d+$/;

/** The same for whole numbers, of which those beyond 2^53 are refused: they would be rounded. */
export const integerFlag = Flags.custom<number, Range>({
  helpValue: 'N',
  parse: (text, _context, { name, ...limits }) => {
    const isRounded = WHOLE.test(text) && !Number.isSafeInteger(Number(text));
    const range = isRounded ? { ...EXACT, ...limits } : limits;
    return parsed(text, { name, what: 'whole number', accepts: WHOLE, range });
  },
});

const EXACT: Range = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

function parsed(
  text: string,
  of: { name: string; what: string; accepts: RegExp; range: Range },
): Promise<number> {
  const { min = -Infinity, max = Infinity } = of.range;
  const value = Number(text);
  if (of.accepts.test(text) && Number.isFinite(value) && value >= min && value <= max)
    return Promise.resolve(value);
  const message = `--${of.name} is a ${of.what}${rangeText(of.range)}, not '${text}'`;
  throw new FlagRefusal(userError('bad-number', message));
}

function rangeText({ min, max }: Range): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}
