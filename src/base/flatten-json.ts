import type { JsonValue } from './canonical-json.js';

/** 'a.b' -> value for every leaf; an empty map or list is a leaf. List items are numbered from 0. */
export function flattenJson(value: JsonValue, prefix = ''): Map<string, JsonValue> {
  const leaves = new Map<string, JsonValue>();
  const walk = (node: JsonValue, key: string): void => {
    const entries = typeof node === 'object' && node !== null ? Object.entries(node) : [];
    if (entries.length === 0) leaves.set(key, node);
    for (const [name, child] of entries) walk(child, key === '' ? name : `${key}.${name}`);
  };
  walk(value, prefix);
  return leaves;
}
