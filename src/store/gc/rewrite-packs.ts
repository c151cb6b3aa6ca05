import { closeSync, openSync, statSync } from 'node:fs';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import type { EventSink } from '../../base/events.js';
import { withProgress, type Breathe } from '../../base/with-progress.js';
import type { ContentId } from '../../base/content-id.js';
import type { LocalStore } from '../local-store.js';
import type { PackTable } from '../pack-format.js';
import type { StoreWriter } from '../store-writer.js';
import { checkedObjects, readEntry } from '../verify-pack.js';
import type { GcPlan, GoingFile } from './plan.js';
import type { Verdicts } from './verdicts.js';

/** What became of packs that were written anew. */
export interface Rewritten {
  /** Those that are not needed any more. */
  readonly old: readonly GoingFile[];
  /** The new ones. */
  readonly packs: readonly ContentId[];
}

/**
 * Writes what is not dead in some packs to new ones, durably, each object verified. The old packs still stand: all of them may
 * go but those in which something was found damaged, which are left to be healed. Told to stop, it leaves no pack half-written: those
 * that are whole stay, beside the old ones.
 */
export async function rewritePacks(
  packs: GcPlan['rewrite'],
  { events, signal, ...context }: Rewriting & { events: EventSink; signal: AbortSignal },
): Promise<Rewritten> {
  if (packs.length === 0) return { old: [], packs: [] };
  const total = packs.reduce((sum, { table }) => sum + table.size, 0);
  return withProgress({ key: 'join packs', total, unit: 'bytes' }, { events, signal }, (breathe) =>
    copyPacks(oldestFirst(context.store, packs), context, breathe),
  );
}

interface Rewriting {
  readonly store: LocalStore;
  readonly verdicts: Verdicts;
}

async function copyPacks(
  packs: GcPlan['rewrite'],
  { store, verdicts }: Rewriting,
  breathe: Breathe,
): Promise<Rewritten> {
  const writer = store.writer({ again: true });
  const copied: GcPlan['rewrite'][number][] = [];
  try {
    let before = 0;
    for (const pack of packs) {
      const start = before;
      await breathe(start);
      const isWhole = await copyPack(pack.table, { store, verdicts, writer }, (done) =>
        breathe(start + done),
      );
      if (isWhole) copied.push(pack);
      before += pack.table.size;
    }
    const written = new Set(writer.finish().packs);
    // The same objects in the same order are the same pack: such a one is no old one.
    return { old: copied.filter(({ table }) => !written.has(table.packId)), packs: [...written] };
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** What was stored together stays together. */
function oldestFirst(store: LocalStore, packs: GcPlan['rewrite']): GcPlan['rewrite'] {
  const age = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return packs
    .map((pack) => ({ pack, age: age(store.packFile(pack.table.packId)) }))
    .sort((a, b) => a.age - b.age)
    .map(({ pack }) => pack);
}

/** False if something that is needed in it is damaged. */
async function copyPack(
  table: PackTable,
  { store, verdicts, writer }: Rewriting & { writer: StoreWriter },
  breathe: Breathe,
): Promise<boolean> {
  const fd = openSync(store.packFile(table.packId), READ_AT_ONCE);
  try {
    let index = -1;
    for (const { entry, sound, bytes } of checkedObjects(fd, table)) {
      index += 1;
      if (verdicts.at(table, index) === 'dead') continue;
      if (!sound) return false;
      const content = bytes ?? readEntry(fd, entry);
      if (entry.kind === 'blob') writer.putBlob(content);
      else if (entry.kind === 'tree' || entry.kind === 'listing') writer.putTree(content, entry.kind);
      else return false;
      await breathe(entry.offset);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}
