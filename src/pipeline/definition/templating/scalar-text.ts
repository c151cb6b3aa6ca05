import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';

/** A text as it is, numbers in their canonical form (0.10 is 0.1), true and false; undefined for anything else. Throws `not-canonical`. */
export function scalarText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? canonicalJson(value) : undefined;
}
