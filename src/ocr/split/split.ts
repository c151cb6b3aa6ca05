import { createHash } from 'node:crypto';
import { userError } from '../../base/errors.js';
import type { Sample } from '../formats/sample.js';
import { compareSamples, groupSamples, type SampleGroup } from './groups.js';
import type { Share } from './shares.js';

export interface SplitOptions {
  shares: readonly Share[];
  seed: number;
  /** What must never be in two parts: 'text', 'image' or another key of the manifest. */
  group: string;
  /**
   * False: the parts have the shares asked for, as nearly as the groups allow. True: each group is placed by its own
   * hash alone, so that it stays in its part when data is added; the parts then have about their shares.
   */
  stable: boolean;
}

export interface Part {
  readonly name: string;
  /** Sorted by image name. */
  readonly samples: readonly Sample[];
}

/**
 * Cuts a data set into parts by a hash of (seed, group): the same for any order of the samples, on any machine. No
 * group is in two parts. Throws `split-empty-part` (exit code 2) if a part would get nothing.
 */
export function splitSamples(samples: readonly Sample[], options: SplitOptions): Part[] {
  const ranked = groupSamples(samples, options.group)
    .map((group) => ({ group, rank: rankOf(options.seed, group.key) }))
    .sort((a, b) => a.rank - b.rank);
  const parts = options.shares.map(({ name }) => ({ name, samples: [] as Sample[] }));
  const total = samples.length;
  let placed = 0;
  for (const { group, rank } of ranked) {
    const position = options.stable ? rank : (placed + group.samples.length / 2) / total;
    parts[partAt(options.shares, position)]!.samples.push(...group.samples);
    placed += group.samples.length;
  }
  for (const part of parts) {
    if (part.samples.length === 0)
      throw emptyPart(
        part.name,
        ranked.map(({ group }) => group),
        options,
      );
    part.samples.sort(compareSamples);
  }
  return parts;
}

/** A number in [0, 1) that is the group's own: the first 48 bits of SHA-256 over seed and key. */
function rankOf(seed: number, key: string): number {
  const hash = createHash('sha256').update(`${seed}\0${key}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}

/** Which part the position, 0 to 1 along all of the data, falls into. */
function partAt(shares: readonly Share[], position: number): number {
  let end = 0;
  for (const [index, { share }] of shares.entries()) {
    end += share;
    if (position < end) return index;
  }
  return shares.length - 1;
}

function emptyPart(name: string, groups: readonly SampleGroup[], options: SplitOptions): Error {
  return userError('split-empty-part', `the part '${name}' would be empty`, {
    hint:
      groups.length < options.shares.length * 2
        ? `There are only ${groups.length} groups by '${options.group}': group by something else with --group, or use more data.`
        : 'Give it a larger share, or use more data.',
  });
}
