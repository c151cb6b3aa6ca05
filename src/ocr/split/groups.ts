import { userError } from '../../base/errors.js';
import { compareNames } from '../formats/walk.js';
import type { Sample } from '../formats/sample.js';

/** Samples that must stay together. */
export interface SampleGroup {
  /** What names the group whatever the order of its samples. */
  readonly key: string;
  readonly samples: readonly Sample[];
}

/**
 * Groups samples that share the value of `by`: `text` (in NFC), `image`, or any other key of the manifest. Samples of
 * one image always stay together, whatever `by` is. Groups and their samples come in an order that does not depend on
 * the order of `samples`. Throws `split-group-missing` if a sample lacks the key.
 */
export function groupSamples(samples: readonly Sample[], by: string): SampleGroup[] {
  const keys = samples.map((sample) => keyOf(sample, by));
  const parent = samples.map((_, index) => index);
  const owner = new Map<string, number>();
  samples.forEach((sample, index) => {
    for (const name of [`key ${keys[index]!}`, `image ${sample.image}`]) {
      const known = owner.get(name);
      if (known === undefined) owner.set(name, index);
      else parent[rootOf(parent, index)] = rootOf(parent, known);
    }
  });
  const groups = new Map<number, { keys: string[]; samples: Sample[] }>();
  samples.forEach((sample, index) => {
    const root = rootOf(parent, index);
    const group = groups.get(root) ?? { keys: [], samples: [] };
    groups.set(root, group);
    group.keys.push(keys[index]!);
    group.samples.push(sample);
  });
  return [...groups.values()]
    .map((group) => ({ key: group.keys.sort(compareNames)[0]!, samples: group.samples.sort(compareSamples) }))
    .sort((a, b) => compareNames(a.key, b.key));
}

export function compareSamples(a: Sample, b: Sample): number {
  return compareNames(a.name, b.name) || compareNames(a.text, b.text);
}

/** Finds the representative of a set and shortens the way to it (Tarjan's disjoint sets, path halving). */
function rootOf(parent: number[], index: number): number {
  let at = index;
  while (parent[at] !== at) {
    const above = parent[parent[at]!]!;
    parent[at] = above;
    at = above;
  }
  return at;
}

function keyOf(sample: Sample, by: string): string {
  if (by === 'text') return sample.text.normalize('NFC');
  if (by === 'image') return sample.name;
  const value = sample.more[by];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw userError('split-group-missing', `${sample.name} has no '${by}' to group by`, {
    hint: "Group by 'text', by 'image', or by a key that every line of the manifest has.",
  });
}
