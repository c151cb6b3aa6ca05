import { linkSync, rmSync } from 'node:fs';
import { copyChangingFileNow } from '../base/copy-file.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import type { LocalStore } from './local-store.js';
import type { PackTable } from './pack-format.js';
import { RunRecords } from './run-records.js';

/** How much one store holds that another does not. */
export interface Lacking {
  objects: number;
  /** Of large blobs and packs. */
  bytes: number;
  runs: number;
}

/** What was brought from one store to another. */
export interface Moved extends Lacking {
  /** Files of the first store whose content the second has. */
  files: readonly string[];
}

/** What `from` holds and `to` lacks, nothing being read. */
export function lackedBy(to: LocalStore, from: LocalStore): Lacking {
  const lacking = { objects: 0, bytes: 0, runs: 0 };
  for (const table of from.packs()) {
    const missing = missingOf(to, table);
    if (missing === 0) continue;
    lacking.objects += missing;
    lacking.bytes += table.offsetAt(table.count) - table.offsetAt(0);
  }
  for (const { id, size } of from.looseObjects()) {
    if (to.has('blob', id, size)) continue;
    lacking.objects += 1;
    lacking.bytes += size;
  }
  const records = new RunRecords(to.root);
  for (const run of new RunRecords(from.root).all()) lacking.runs += records.isWhole(run) ? 0 : 1;
  return lacking;
}

/**
 * Brings every object and run record of `from` into `to`, verified; what `to` has already is read there, for the files that `from`
 * can do without then are named, and may be the last sound copy. Files are linked where both are on one disk. `from` is not changed.
 * Throws `object-damaged` and `pack-damaged`: what was brought by then stays.
 */
export async function bringObjects(
  from: LocalStore,
  to: LocalStore,
  { signal, onFile }: { signal: AbortSignal; onFile: (files: number) => void },
): Promise<Moved> {
  const lacking = lackedBy(to, from);
  const files: string[] = [];
  const done = (file: string): void => {
    files.push(file);
    onFile(files.length);
    signal.throwIfAborted();
  };
  for (const { id, size, file } of from.looseObjects()) {
    if (!to.holds('blob', id, size)) {
      await fromFile(file, async () => to.adoptObject(linkOrCopy(file, to.temporaryFile()), id, { signal }));
    }
    done(file);
  }
  for (const table of from.packs()) {
    const file = from.packFile(table.packId);
    if (!holdsAll(to, table)) {
      await fromFile(file, () => to.adoptPack(linkOrCopy(file, to.temporaryFile()), table.packId));
    }
    done(file);
  }
  const [records, target] = [new RunRecords(from.root), new RunRecords(to.root)];
  for (const run of records.all()) {
    target.putBytes(run, records.readBytes(run));
    done(records.fileOf(run));
  }
  return { ...lacking, files };
}

/** Removes files of a store whose content another one has. */
export function dropFiles(files: readonly string[]): void {
  for (const file of files) rmSync(file, { force: true });
}

/** Brings one file; what is found damaged is that file, not the copy of it that is gone by then. */
async function fromFile(file: string, bring: () => unknown): Promise<void> {
  try {
    await bring();
  } catch (error) {
    if (!(error instanceof OcrpipeError) || !/^(object|pack)-damaged$/.test(error.code)) throw error;
    throw new OcrpipeError(error.code, `${file} is damaged and cannot be brought`, {
      hint: "'ocrpipe fsck --repair' heals it or sets it aside; run this again then.",
      cause: error,
    });
  }
}

/** True if every object of a pack is there, and sound. */
function holdsAll(to: LocalStore, table: PackTable): boolean {
  return [...table.entries()].every(({ kind, id }) => to.holds(kind, id));
}

function missingOf(to: LocalStore, table: PackTable): number {
  let missing = 0;
  for (const { kind, id } of table.entries()) missing += to.has(kind, id) ? 0 : 1;
  return missing;
}

function linkOrCopy(file: string, temporary: string): string {
  try {
    linkSync(file, temporary);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    copyChangingFileNow(file, temporary);
  }
  return temporary;
}
