import type { EventSink } from '../../base/events.js';
import { fetchObjects } from '../../remote/fetch/fetch.js';
import { notTracked } from '../../remote/fetch/wanted-walk.js';
import { copyObjects } from '../../store/copy-objects.js';
import type { LocalStore } from '../../store/local-store.js';
import { RunRecords } from '../../store/run-records.js';
import { bytePath } from '../../tracking/byte-path.js';
import { snapshotWithin } from '../../tracking/partial/partial.js';
import { firstMissing } from '../../tracking/stored.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { withSourceRemotes, type SourceData } from './source-data.js';

/** A tracked path of another repository, or a part of it. */
export interface WantedData {
  /** The tracked path, for messages. */
  name: string;
  /** All of that. */
  snapshot: Snapshot;
  /** Below it, if only a part is wanted: '/'-separated text. */
  below?: string | undefined;
}

/** What it cost to bring something. */
export interface Brought {
  objects: number;
  packs: number;
  /** Bytes that went over the wire. */
  bytes: number;
  requests: number;
}

export const NOTHING_BROUGHT: Brought = { objects: 0, packs: 0, bytes: 0, requests: 0 };

export interface BringOptions {
  jobs: number;
  events: EventSink;
  signal: AbortSignal;
}

/** The store of this machine that has all of it, if the repository is a workspace here. */
export function storeAtHand({ store }: SourceData, wanted: readonly WantedData[]): LocalStore | undefined {
  if (store === undefined) return undefined;
  const whole = wanted.every((each) => {
    if (each.below !== undefined && !store.has('tree', each.snapshot.id)) return false;
    return firstMissing(store, wantedIn(store, each)) === undefined;
  });
  return whole ? store : undefined;
}

/** What is wanted, as its listings in a store say. Throws `path-not-tracked` where there is no such part. */
export function wantedIn(store: LocalStore, { name, snapshot, below }: WantedData): Snapshot {
  if (below === undefined) return snapshot;
  const isFolder = snapshot.kind === 'directory';
  const part = isFolder ? snapshotWithin({ reader: store, id: snapshot.id }, bytePath(below)) : undefined;
  if (part === undefined) throw notTracked(name, below);
  return part;
}

/**
 * Brings what is wanted of another repository into a store of this machine, verified: from the store of that repository if it is
 * here and has all of it, else from its remotes.
 */
export async function bring(
  data: SourceData,
  wanted: readonly WantedData[],
  into: LocalStore,
  options: BringOptions,
): Promise<Brought> {
  const near = storeAtHand(data, wanted);
  if (near === undefined) return fetchFrom(data, wanted, into, options);
  let objects = 0;
  for (const each of wanted) {
    const { id, kind } = wantedIn(near, each);
    const root = { id, kind: kind === 'file' ? ('blob' as const) : ('tree' as const) };
    objects += await copyObjects(near, into, root, options.signal);
  }
  return { ...NOTHING_BROUGHT, objects };
}

function fetchFrom(
  data: SourceData,
  wanted: readonly WantedData[],
  store: LocalStore,
  options: BringOptions,
): Promise<Brought> {
  const roots = wanted.map(({ name, snapshot, below }) => ({
    id: snapshot.id,
    kind: snapshot.kind === 'file' ? ('blob' as const) : ('tree' as const),
    ...(snapshot.kind === 'file' && { size: snapshot.size }),
    name,
    ...(below !== undefined && { below: bytePath(below) }),
  }));
  const runs = new RunRecords(store.root);
  return withSourceRemotes(data, options.signal, async (source) => {
    const { objects, packs } = await fetchObjects({
      ...source,
      ...{ store, runs, roots, runKeys: [] },
      ...options,
    });
    const { requests, sentBytes, receivedBytes } = source.remote.traffic;
    return { objects, packs, bytes: sentBytes + receivedBytes, requests };
  });
}
