import type { JsonValue } from '../../../base/canonical-json.js';
import type { Location } from '../../../base/errors.js';
import { escapeKey, flattenJson } from '../../../base/flatten-json.js';
import { isMap, type JsonMap } from '../../../base/json-map.js';

/** Where a value of a layer stands. */
export type Place = (path: readonly string[]) => Location | undefined;

/** Names that were given values in one place: a file, an entry of `vars`, one instance. */
export interface Layer {
  readonly values: JsonMap;
  readonly place: Place;
}

/** One name with a value in two places. */
export interface Conflict {
  readonly path: readonly string[];
  readonly first: Location | undefined;
  readonly second: Location | undefined;
}

/** Why there is no value at a path. */
export interface Missing {
  /** The longest beginning of the path that is there. */
  readonly found: readonly string[];
  /** What stands there. */
  readonly value: JsonValue;
}

/**
 * The names that `${…}` may use, and where their values come from. Maps of several layers are one map; no name has a value in
 * two of them. A scope never changes: `with` makes another one.
 */
export class Scope {
  static readonly EMPTY = new Scope([], new Map());
  private readonly layers: readonly Layer[];
  /** Names that hide those of the layers: `item` and `key`. */
  private readonly hiding: ReadonlyMap<string, Layer>;
  private readonly values: JsonMap;

  private constructor(layers: readonly Layer[], hiding: ReadonlyMap<string, Layer>, values?: JsonMap) {
    this.layers = layers;
    this.hiding = hiding;
    this.values = values ?? {};
  }

  /** With the names of a layer. Where a name has a value already that one stays, and it is told. */
  with(layer: Layer): { scope: Scope; conflicts: readonly Conflict[] } {
    const conflicts: Conflict[] = [];
    const values = this.merged(this.values, layer.values, { path: [], layer, conflicts });
    return { scope: new Scope([...this.layers, layer], this.hiding, values), conflicts };
  }

  /** With names that mean this, whatever they mean outside. */
  hidingWith(layer: Layer): Scope {
    const hiding = new Map([
      ...this.hiding,
      ...Object.keys(layer.values).map((name) => [name, layer] as const),
    ]);
    return new Scope(this.layers, hiding, this.values);
  }

  find(path: readonly string[]): { value: JsonValue } | { missing: Missing } {
    const [name = ''] = path;
    let value: JsonValue = this.hiding.get(name)?.values ?? this.values;
    for (const [depth, part] of path.entries()) {
      const next = childOf(value, part);
      if (next === undefined) return { missing: { found: path.slice(0, depth), value } };
      value = next;
    }
    return { value };
  }

  /** Where the value at a path, or the nearest above it, was written. */
  placeOf(path: readonly string[]): Location | undefined {
    const [name = ''] = path;
    const hiding = this.hiding.get(name);
    if (hiding) return hiding.place(path);
    return this.layers.find((layer) => reaches(layer.values, path))?.place(path);
  }

  /** Every name that there is, as it is written in `${…}`, the short ones first; at most some hundred. */
  names(): string[] {
    const hiding = [...this.hiding].map(([name, { values }]): [string, JsonValue] => [name, values[name]!]);
    const all = [...hiding, ...Object.entries(this.values).filter(([name]) => !this.hiding.has(name))];
    const leaves = all.flatMap(([name, value]) => [...flattenJson(value, escapeKey(name)).keys()]);
    return [...new Set([...all.map(([name]) => escapeKey(name)), ...leaves])].slice(0, MOST_NAMES);
  }

  private merged(
    before: JsonMap,
    after: JsonMap,
    at: { path: readonly string[]; layer: Layer; conflicts: Conflict[] },
  ): JsonMap {
    const merged: Record<string, JsonValue> = { ...before };
    for (const [name, value] of Object.entries(after)) {
      const there = Object.hasOwn(before, name) ? before[name] : undefined;
      const path = [...at.path, name];
      if (there === undefined) define(merged, name, value);
      else if (isMap(there) && isMap(value)) merged[name] = this.merged(there, value, { ...at, path });
      else at.conflicts.push({ path, first: this.placeOf(path), second: at.layer.place(path) });
    }
    return merged;
  }
}

const MOST_NAMES = 300;

/** Also of the name `__proto__`. */
function define(map: Record<string, JsonValue>, name: string, value: JsonValue): void {
  Object.defineProperty(map, name, { value, enumerable: true, writable: true, configurable: true });
}

function reaches(values: JsonMap, path: readonly string[]): boolean {
  let value: JsonValue | undefined = values;
  for (const part of path) value = value === undefined ? undefined : childOf(value, part);
  return value !== undefined;
}

/** The value under a key of a map, or at an index of a list. */
function childOf(value: JsonValue, part: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value))
    return /^\d+$/.test(part) ? (value as readonly JsonValue[])[Number(part)] : undefined;
  return Object.hasOwn(value, part) ? (value as JsonMap)[part] : undefined;
}
