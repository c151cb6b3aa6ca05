import { OcrpipeError } from './errors.js';

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * RFC 8785 (JSON Canonicalization Scheme): no white space, keys sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them. Equal values give equal bytes on every machine. Throws `not-canonical` for NaN, infinities,
 * integers beyond 2^53 (their value depends on the reader) and lone surrogates.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (typeof value === 'string') return canonicalString(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((key) => `${canonicalString(key)}:${canonicalJson(value[key]!)}`).join(',')}}`;
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new OcrpipeError(
      'not-canonical',
      `the number ${value} cannot be written so that every reader reads the same`,
    );
  }
  return JSON.stringify(value);
}

function canonicalString(value: string): string {
  if (/\p{Surrogate}/u.test(value))
    throw new OcrpipeError('not-canonical', 'a text holds half of a surrogate pair');
  return JSON.stringify(value);
}
