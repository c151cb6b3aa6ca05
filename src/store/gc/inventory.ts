import { statSync } from 'node:fs';
import type { ContentId } from '../../base/content-id.js';
import { objectOfKey, packOfKey, runOfKey } from '../format.js';
import type { LocalStore } from '../local-store.js';
import type { LooseObject } from '../loose-objects.js';
import type { PackTable } from '../pack-format.js';
import { readSoundTable } from '../pack-reader.js';
import { RunRecords, type RunId } from '../run-records.js';
import { Trash, type CondemnedFile } from '../trash.js';

/** A file of the trash and what it holds: a pack (its table), a large blob, or a run record. */
export interface TrashFile extends CondemnedFile {
  readonly bytes: number;
  /** When it was written, by its time; milliseconds since 1970. */
  readonly writtenAt: number;
  readonly table?: PackTable;
  readonly blob?: ContentId;
  readonly run?: RunId;
}

/** What a local store holds at one moment, in its folders and in its trash. */
export interface Inventory {
  /** The packs that can be read. What is in the others nobody knows: they are left alone. */
  readonly packs: readonly PackTable[];
  readonly objects: readonly LooseObject[];
  readonly runs: readonly (RunId & { bytes: number })[];
  /** What was condemned last comes first. Packs that cannot be read are left out. */
  readonly trash: readonly TrashFile[];
}

export function takeInventory(store: LocalStore): Inventory {
  const records = new RunRecords(store.root, { inspect: true });
  return {
    packs: store.packs(),
    objects: [...store.looseObjects()],
    runs: [...records.all()].map((run) => ({ ...run, bytes: sizeOf(records.fileOf(run)) })),
    trash: [...new Trash(store.root, { inspect: true }).list()].flatMap(describe),
  };
}

function describe(condemned: CondemnedFile): TrashFile[] {
  const { key, file } = condemned;
  const stat = statSync(file, { throwIfNoEntry: false });
  const described = { ...condemned, bytes: stat?.size ?? 0, writtenAt: stat?.mtimeMs ?? 0 };
  const blob = objectOfKey(key);
  if (blob !== undefined) return [{ ...described, blob }];
  const run = runOfKey(key);
  if (run !== undefined) return [{ ...described, run }];
  const table = readSoundTable(file, packOfKey(key)!);
  return table ? [{ ...described, table }] : [];
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
