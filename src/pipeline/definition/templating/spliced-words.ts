import type { JsonValue } from '../../../base/canonical-json.js';
import { isMap, type JsonMap } from '../../../base/json-map.js';
import { scalarText } from './scalar-text.js';

/**
 * A list or map as words of a command line. A list: its items. A map: `--key value` for each of its keys in the order of the
 * file; `--key` alone for true and nothing for false and null; `--key a b` for a list, `--outer.inner value` for a map inside.
 * Words are quoted where the shell would read them otherwise. Undefined for a list that holds lists or maps.
 */
export function splicedWords(value: JsonMap | readonly JsonValue[]): string | undefined {
  const words = isMap(value) ? flagWords(value, '') : itemWords(value);
  return words?.join(' ');
}

function flagWords(map: JsonMap, prefix: string): string[] | undefined {
  const words: string[] = [];
  for (const [key, value] of Object.entries(map)) {
    const flag = word(`--${prefix}${key}`);
    const more = isMap(value) ? flagWords(value, `${prefix}${key}.`) : valueWords(flag, value);
    if (more === undefined) return undefined;
    words.push(...more);
  }
  return words;
}

function valueWords(flag: string, value: Exclude<JsonValue, JsonMap>): string[] | undefined {
  if (value === null || value === false) return [];
  if (value === true) return [flag];
  const words = itemWords(Array.isArray(value) ? (value as readonly JsonValue[]) : [value]);
  return words && [flag, ...words];
}

function itemWords(items: readonly JsonValue[]): string[] | undefined {
  const words: string[] = [];
  for (const item of items) {
    const text = scalarText(item);
    if (text === undefined) return undefined;
    words.push(word(text));
  }
  return words;
}

/** As /bin/sh reads it back. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
