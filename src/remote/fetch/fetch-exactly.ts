import type { ContentId } from '../../base/content-id.js';
import type { NodeKind } from '../../store/format.js';
import { loadCheckedView } from '../catalog/load-view.js';
import type { FetchInput } from './fetch-input.js';
import { FetchRun } from './fetch-run.js';
import type { WantedObject } from './object-source.js';
import { WantedBlobs } from './wanted-blobs.js';

/**
 * Brings exactly these blobs and nodes into the store, verified, as far as the remote has them: nothing below them. One that is
 * damaged there, too, is left out. Returns how much came.
 */
export async function fetchExactly(
  input: Omit<FetchInput, 'roots' | 'runKeys'>,
  wanted: readonly WantedObject[],
): Promise<{ objects: number; packs: number }> {
  const view = await loadCheckedView(input, { mostListed: Infinity });
  const run = new FetchRun({ ...input, roots: [], runKeys: [] }, view);
  const there = wanted.filter(({ kind, id }) => view.has(kind, id));
  const blobs = there.filter(({ kind }) => kind === 'blob');
  const nodes = there.filter(({ kind }) => kind === 'tree' || kind === 'listing');
  if (blobs.length > 0) await run.fetchBlobs(wantedOf(blobs));
  const read = new Map<string, { kind: NodeKind; id: ContentId; bytes: Buffer }>();
  await run.readSmall(nodes, ({ kind, id, bytes }) => {
    if (kind === 'tree' || kind === 'listing') read.set(kind + id, { kind, id, bytes });
  });
  const writer = input.store.writer();
  for (const { kind, bytes } of read.values()) writer.putTree(bytes, kind);
  writer.finish();
  return { objects: run.objects + read.size, packs: run.packs.size };
}

function wantedOf(blobs: readonly WantedObject[]): WantedBlobs {
  const wanted = new WantedBlobs();
  for (const { id, name } of blobs) wanted.want(id, { path: name });
  return wanted;
}
