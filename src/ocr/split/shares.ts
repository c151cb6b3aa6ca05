import { userError } from '../../base/errors.js';

/** A part of a split and how much of the data it is to get, 0 to 1. */
export interface Share {
  readonly name: string;
  readonly share: number;
}

const PART = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
/** Shares are typed as decimals: thirds and the like need not be exact. */
const TOLERANCE = 1e-6;

/** Parses `train=0.8,val=0.1,test=0.1`. Throws `bad-share` (exit code 2) unless each is above 0 and all make 1. */
export function parseShares(text: string): Share[] {
  const shares = text.split(',').map(parseShare);
  const names = new Set(shares.map(({ name }) => name));
  if (names.size < shares.length) throw badShare(text, 'a part is named twice');
  const sum = shares.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > TOLERANCE) {
    throw badShare(text, `the shares make ${Number(sum.toFixed(6))}, not 1`);
  }
  return shares;
}

function parseShare(text: string): Share {
  const [name = '', value = '', ...rest] = text.split('=').map((part) => part.trim());
  const share = value === '' ? Number.NaN : Number(value);
  if (rest.length > 0 || !PART.test(name)) throw badShare(text, 'it is not NAME=SHARE');
  if (!(share > 0 && share <= 1)) throw badShare(text, `the share of '${name}' is not between 0 and 1`);
  return { name, share };
}

function badShare(text: string, reason: string): Error {
  return userError('bad-share', `'${text}' cannot be a split: ${reason}`, {
    hint: 'Write it as train=0.8,val=0.1,test=0.1.',
  });
}
