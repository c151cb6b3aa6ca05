import type { JsonValue } from './canonical-json.js';

/**
 * 'a.b' -> value for every leaf; an empty map or list is a leaf. List items are numbered from 0. A dot or backslash in a key
 * is written with a backslash before it, so that 'a.b' is never the name of two values.
 */
export function flattenJson(value: JsonValue, prefix = ''): Map<string, JsonValue> {
  const leaves = new Map<string, JsonValue>();
  const walk = (node: JsonValue, key: string): void => {
    const entries = typeof node === 'object' && node !== null ? Object.entries(node) : [];
    if (entries.length === 0) leaves.set(key, node);
    for (const [name, child] of entries) {
      walk(child, key === '' ? escapeKey(name) : `${key}.${escapeKey(name)}`);
    }
  };
  walk(value, prefix);
  return leaves;
}

/** One key as it stands in a dotted one. */
export function escapeKey(name: string): string {
  return name.replaceAll(/[\\.]/g, String.raw`\$&`);
}

/** The keys that a dotted one is made of; a backslash takes the next character as it is. */
export function splitKey(dotted: string): string[] {
  const parts = [''];
  for (const [token] of dotted.matchAll(/\\.|[^]/gs)) {
    if (token === '.') parts.push('');
    else parts.push(`${parts.pop() ?? ''}${token.length === 2 ? token.slice(1) : token}`);
  }
  return parts;
}
