import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';
import { combinedName, valueName, withChecksum } from './instance-name.js';
import { isMap, type JsonMap } from '../../../base/json-map.js';

/** One run of a stage that `foreach` or `matrix` makes several of. */
export interface Instance {
  /** Stands behind the '@' of its name. */
  readonly name: string;
  /** What `${key}` and `${item}` mean in it. */
  readonly key: string;
  readonly item: JsonValue;
  /** Where its item stands: below `foreach`, or, for each dimension, below `matrix`. */
  readonly from: readonly (string | number)[];
}

/** The instances of `foreach: [a, b]` or `foreach: {x: 1, y: 2}`, in this order. */
export function itemInstances(items: JsonMap | readonly JsonValue[]): Instance[] {
  if (isMap(items)) {
    const instances = Object.entries(items).map(([key, item]) => ({
      name: valueName(key),
      key,
      item,
      from: [key],
    }));
    return distinct(instances, ({ key }) => key);
  }
  const listed = items.map((item, index) => {
    const name = valueName(item);
    return { name, key: name, item, from: [index] };
  });
  return named(distinct(listed, ({ item }) => item));
}

/**
 * Every combination of `matrix: {model: [a, b], size: [1, 2]}`, the last list fastest. Their names do not depend on the order of the keys.
 */
export function matrixInstances(lists: Readonly<Record<string, readonly JsonValue[]>>): Instance[] {
  const dimensions = Object.entries(lists);
  const sorted = Object.keys(lists).sort();
  let items: JsonMap[] = dimensions.length === 0 ? [] : [{}];
  for (const [name, values] of dimensions) {
    items = items.flatMap((item) => values.map((value): JsonMap => ({ ...item, [name]: value })));
  }
  const instances = items.map((item) => {
    const name = combinedName(sorted.map((dimension) => item[dimension]!));
    return { name, key: name, item, from: [] };
  });
  return named(distinct(instances, ({ item }) => item));
}

/** Where two values have one name, both get a checksum. */
function distinct(instances: readonly Instance[], identity: (instance: Instance) => JsonValue): Instance[] {
  const taken = new Map<string, number>();
  for (const { name } of instances) taken.set(name, (taken.get(name) ?? 0) + 1);
  if (taken.size === instances.length) return [...instances];
  return instances.map((instance) =>
    taken.get(instance.name) === 1
      ? instance
      : { ...instance, name: withChecksum(instance.name, identity(instance)) },
  );
}

/** `${key}` is the name. */
function named(instances: readonly Instance[]): Instance[] {
  return instances.map((instance) =>
    instance.key === instance.name ? instance : { ...instance, key: instance.name },
  );
}

/** The places in a list of values that stand earlier in it already. */
export function repeated(values: readonly JsonValue[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    const text = canonicalJson(value);
    if (seen.has(text)) return [index];
    seen.add(text);
    return [];
  });
}
