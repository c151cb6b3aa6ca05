import type { JsonValue } from './canonical-json.js';

/** A text that a reader could take for a value of another kind, for nothing, or for the end of the line. */
const AMBIGUOUS = /^$|^(?:null|true|false|~|-|\(none\))$|^[-+.]?\d|^["'[{]|^\s|\s$|[\n\r\t]/i;

/** A value for people: JSON, and a text as it is unless that could be read as something else (`"1"`, `"null"`). */
export function plainValue(value: JsonValue): string {
  return typeof value === 'string' && !AMBIGUOUS.test(value) ? value : JSON.stringify(value);
}
