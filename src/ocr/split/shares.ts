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
  const shares = text.split(',').map((part) => parseShare(part, text));
  const names = new Set(shares.map(({ name }) => name));
  if (names.size < shares.length) throw badShare(text, 'a part is named twice');
  const tooLarge = shares.find(({ share }) => share > 1);
  if (tooLarge) {
    throw badShare(text, `the share of '${tooLarge.name}' is ${tooLarge.share}, and all of the data is 1`);
  }
  const sum = shares.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > TOLERANCE) {
    throw badShare(text, `the shares make ${Number(sum.toFixed(6))}, not 1`);
  }
  return shares;
}

function parseShare(part: string, text: string): Share {
  const [name = '', value, ...rest] = part.split('=').map((each) => each.trim());
  if (value === undefined) throw badShare(text, `'${part.trim()}' says no name: each part is NAME=SHARE`);
  if (rest.length > 0 || !PART.test(name)) throw badShare(text, `'${part.trim()}' is not NAME=SHARE`);
  const share = value === '' ? Number.NaN : Number(value);
  if (!(share > 0)) throw badShare(text, `the share of '${name}' is not a number between 0 and 1`);
  return { name, share };
}

function badShare(text: string, reason: string): Error {
  return userError('bad-share', `'${text}' cannot be a split: ${reason}`, {
    hint: `Write it as ${meant(text) ?? EXAMPLE}.`,
  });
}

const EXAMPLE = 'train=0.8,val=0.1,test=0.1';
/** What parts are called that have no name, by how many there are. */
const USUAL: Readonly<Record<number, readonly string[]>> = {
  2: ['train', 'test'],
  3: ['train', 'val', 'test'],
};

/** Shares of a whole that is not 1, and without names: '80,10,10' is 'train=0.8,val=0.1,test=0.1'. */
function meant(text: string): string | undefined {
  const parts = text.split(',').map((part) => /^\s*(?:([^=]*)=)?\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(part));
  const numbers = parts.map((part) => Number(part?.[2]));
  const names = parts.map((part, at) => part?.[1]?.trim() ?? USUAL[parts.length]?.[at] ?? '');
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (!(sum > 0) || !numbers.every((number) => number > 0)) return undefined;
  if (new Set(names).size < names.length || !names.every((name) => PART.test(name))) return undefined;
  return names.map((name, at) => `${name}=${Number((numbers[at]! / sum).toFixed(6))}`).join(',');
}
