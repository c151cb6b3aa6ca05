import type { ContentId } from '../../base/content-id.js';
import { MAX_PACK_DATA_BYTES } from '../format.js';
import type { PackVerdict } from './verdicts.js';

/** A pack of which at least this share may go is written anew without it. */
const DEAD_SHARE = 0.25;
/** A pack with fewer bytes is small. */
const SMALL_PACK_BYTES = MAX_PACK_DATA_BYTES / 16;
/** So many small packs are joined: each costs every command a file to open. */
const MANY_SMALL_PACKS = 8;

/** The packs whose needed objects are worth writing to new ones. */
export function chooseRewrites(
  packs: readonly PackVerdict[],
  mayRewrite: (pack: ContentId) => boolean,
): Set<PackVerdict> {
  const kept = packs.filter(({ needed, unpushed }) => needed.objects + unpushed.objects > 0);
  // A run record in a pack has no writer here.
  const able = kept.filter(({ table, hasRuns }) => !hasRuns && mayRewrite(table.packId));
  const wasteful = able.filter(
    (pack) => pack.dead.bytes >= bytesIn(pack) * DEAD_SHARE && pack.dead.objects > 0,
  );
  const small = able.filter((pack) => bytesIn(pack) < SMALL_PACK_BYTES);
  return new Set([...wasteful, ...(small.length >= MANY_SMALL_PACKS ? small : [])]);
}

function bytesIn({ needed, unpushed, dead }: PackVerdict): number {
  return needed.bytes + unpushed.bytes + dead.bytes;
}
