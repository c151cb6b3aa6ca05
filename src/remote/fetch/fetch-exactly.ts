import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { NodeKind } from '../../store/format.js';
import { loadCheckedView } from '../catalog/load-view.js';
import type { FetchInput } from './fetch-input.js';
import { FetchRun } from './fetch-run.js';
import type { WantedObject } from './object-source.js';

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
  await inPartsIfDamaged(blobs, (some) => run.fetchBlobs(new Map(some.map((each) => [each.id, each]))));
  const read = new Map<string, { kind: NodeKind; id: ContentId; bytes: Buffer }>();
  await inPartsIfDamaged(nodes, (some) =>
    run.readSmall(some, ({ kind, id, bytes }) => {
      if (kind === 'tree' || kind === 'listing') read.set(kind + id, { kind, id, bytes });
    }),
  );
  const writer = input.store.writer();
  for (const { kind, bytes } of read.values()) writer.putTree(bytes, kind);
  writer.finish();
  return { objects: run.objects + read.size, packs: run.packs };
}

/** All at once; if something of it is damaged, each by itself. */
async function inPartsIfDamaged<T>(
  items: readonly T[],
  work: (some: readonly T[]) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return;
  try {
    await work(items);
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code !== 'object-damaged') throw error;
    if (items.length > 1) for (const item of items) await inPartsIfDamaged([item], work);
  }
}
