import { canonicalJson, type JsonValue } from '../base/canonical-json.js';
import type { ValueFile } from './value-file.js';

/** One value that differs; null, and `absent`, where a side does not have it. */
export interface ValueChange {
  readonly file: string;
  readonly key: string;
  readonly old: JsonValue;
  readonly new: JsonValue;
  /** The side that does not have it, where the other has. */
  readonly absent?: 'old' | 'new';
}

/** What differs, by file and then in the order of the keys, those of the new side first. */
export function valueChanges(before: readonly ValueFile[], after: readonly ValueFile[]): ValueChange[] {
  const old = new Map(before.map((each) => [each.file, each.values]));
  const now = new Map(after.map((each) => [each.file, each.values]));
  return [...new Set([...now.keys(), ...old.keys()])].sort().flatMap((file) => {
    const [was, is] = [old.get(file) ?? NONE, now.get(file) ?? NONE];
    const keys = [...new Set([...is.keys(), ...was.keys()])];
    return keys
      .filter((key) => !same(was.get(key), is.get(key)))
      .map((key): ValueChange => {
        const absent = was.has(key) ? (is.has(key) ? undefined : 'new') : 'old';
        const values = { old: was.get(key) ?? null, new: is.get(key) ?? null };
        return { file, key, ...values, ...(absent && { absent }) };
      });
  });
}

const NONE: ReadonlyMap<string, JsonValue> = new Map();

function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return text(a) === text(b);
}

/** Canonical, but for numbers that have no canonical form: those are compared as they are written. */
function text(value: JsonValue): string {
  return typeof value === 'number' ? String(value) : canonicalJson(value);
}

/** `new - old` of two numbers, without the noise of binary fractions; undefined for anything else. */
export function delta(change: ValueChange): number | undefined {
  if (typeof change.old !== 'number' || typeof change.new !== 'number') return undefined;
  return Number((change.new - change.old).toPrecision(12));
}
