import { closeSync, openSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ContentId } from '../../base/content-id.js';
import { packKey } from '../format.js';
import type { LocalStore } from '../local-store.js';
import type { PackTable } from '../pack-format.js';
import type { StoreWriter } from '../store-writer.js';
import { checkedObjects, readEntry } from '../verify-pack.js';
import type { GoingFile } from './plan.js';
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
 * go but those in which something was found damaged, which are left to be healed.
 */
export async function rewritePacks(
  packs: readonly PackTable[],
  { store, verdicts, signal }: { store: LocalStore; verdicts: Verdicts; signal: AbortSignal },
): Promise<Rewritten> {
  if (packs.length === 0) return { old: [], packs: [] };
  const writer = store.writer({ again: true });
  const copied: PackTable[] = [];
  try {
    for (const table of oldestFirst(store, packs)) {
      signal.throwIfAborted();
      if (copyPack(table, { store, verdicts, writer })) copied.push(table);
      await setImmediate();
    }
    const written = new Set(writer.finish().packs);
    // The same objects in the same order are the same pack: such a one is no old one.
    const old = copied.filter(({ packId }) => !written.has(packId));
    return {
      old: old.map((table) => ({
        key: packKey(table.packId),
        objects: deadIn(table, verdicts),
        bytes: table.size,
      })),
      packs: [...written],
    };
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** What was stored together stays together. */
function oldestFirst(store: LocalStore, packs: readonly PackTable[]): PackTable[] {
  const age = (table: PackTable): number =>
    statSync(store.packFile(table.packId), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return packs
    .map((table) => ({ table, age: age(table) }))
    .sort((a, b) => a.age - b.age)
    .map(({ table }) => table);
}

/** False if something that is needed in it is damaged. */
function copyPack(
  table: PackTable,
  { store, verdicts, writer }: { store: LocalStore; verdicts: Verdicts; writer: StoreWriter },
): boolean {
  const fd = openSync(store.packFile(table.packId), 'r');
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
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

function deadIn(table: PackTable, verdicts: Verdicts): number {
  let dead = 0;
  for (let index = 0; index < table.count; index += 1) dead += Number(verdicts.at(table, index) === 'dead');
  return dead;
}
