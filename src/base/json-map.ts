import type { JsonValue } from './canonical-json.js';

/** A map of JSON or YAML. */
export type JsonMap = Readonly<Record<string, JsonValue>>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
