import type { ContentId } from '../../../src/base/content-id.js';
import { noEvents } from '../../../src/base/events.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { collectRemote, type Collected, type CollectInput } from '../../../src/remote/gc/collect-remote.js';
import type { Machine } from '../rig.js';

export const HOUR_MS = 60 * 60 * 1000;
export const GRACE = { graceMs: 7 * 24 * HOUR_MS };
/** Packs and large objects. */
export const DATA = /\.pack$|^objects\//;

/** A tree that is kept. */
export function needed(id: ContentId) {
  return { kind: 'tree' as const, id, needer: 'data', optional: false, recorded: false };
}

/** Collects for the project 'ours', keeping these trees of it; what others push under other names is theirs. */
export function collect(
  machine: Machine,
  remote: Remote,
  kept: readonly ContentId[],
  options: Partial<CollectInput> = {},
): Promise<Collected> {
  const roots = kept.map(needed);
  return collectRemote({
    ...{ store: machine.store, runs: machine.runs, ...machine.source(remote) },
    ...{ project: 'ours', needed: { roots, runs: [] }, outsOf: () => [] },
    ...{ recentMs: 0, graceMs: 0, allowMissing: false, dryRun: false, jobs: 4, events: noEvents },
    signal: new AbortController().signal,
    ...options,
  });
}
