import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { isSettled } from './folder-time.js';
import { FOLDERS, packKey, packOfKey, type ObjectKind } from './format.js';
import { ObjectIndex, type Packed } from './object-index.js';
import type { PackTable } from './pack-format.js';
import { PackReader, readSoundTable } from './pack-reader.js';
import { namesIn } from './temporary.js';
import type { Trash } from './trash.js';

/** Pack files kept open at once. */
const OPEN_PACKS = 16;

/** A pack whose table could not be read: what it held is not known. */
export interface UnreadablePack {
  id: ContentId;
  where: string;
  error: OcrpipeError;
}

/**
 * The packs of one local store. Tables are read when something is looked for, until it is found, and kept: those of small packs first,
 * which those of nodes are, so that who reads a few nodes does not read what hundreds of thousands of files are called. The folder
 * is listed again when its time changed, because other processes add packs. A pack in the trash that holds what is looked for is
 * brought back.
 */
export class PackShelf {
  readonly #trash: Trash;
  readonly #folder: string;
  readonly #open = new Map<ContentId, PackReader>();
  readonly #unreadable = new Map<ContentId, UnreadablePack>();
  #known = new Map<ContentId, PackTable>();
  /** Packs whose tables nobody needed yet, the smallest last. */
  #unread: ContentId[] = [];
  #index = new ObjectIndex();
  #listedAt = { folderTime: -1, settled: false };
  /** The tables of the trash, by file; `index` is undefined until somebody misses something. */
  readonly #condemned: { tables: Map<string, PackTable>; index?: ObjectIndex } = { tables: new Map() };

  constructor(root: string, trash: Trash) {
    this.#trash = trash;
    this.#folder = join(root, FOLDERS.packs);
  }

  /** Where a pack is read. */
  fileOf(id: ContentId): string {
    return this.#trash.placeOf(packKey(id));
  }

  /** A copy of the object in the packs; a miss looks for packs that others added, and in the trash. */
  find(kind: ObjectKind, id: ContentId): Packed | undefined {
    return this.#index.find(kind, id) ?? (this.has(kind, id) ? this.#index.find(kind, id) : undefined);
  }

  /** Every copy of the object in the packs, looked for as far as asked; a miss looks for packs that others added, and in the trash. */
  *findAll(kind: ObjectKind, id: ContentId): Generator<Packed> {
    if (!this.has(kind, id)) return;
    const seen = new Set<PackTable>();
    do {
      for (const packed of this.#index.findAll(kind, id)) {
        if (seen.size < seen.add(packed.table).size) yield packed;
      }
    } while (this.#readNext());
  }

  /** True if a pack listed by now holds the object: packs that others added since are not looked for. */
  knows(kind: ObjectKind, id: ContentId): boolean {
    return this.#holds(kind, id) || this.#bringBack(kind, id);
  }

  /** True if a pack listed by now, and not in the trash, holds the blob whose id stands in `raw` at `at`. */
  knowsFileAt(raw: Buffer, at: number): boolean {
    while (!this.#index.hasFileAt(raw, at)) if (!this.#readNext()) return false;
    return true;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    const listed = (): boolean => this.refresh() && this.#holds(kind, id);
    // Last it may have been brought back by others, after the folder was listed and before the trash was.
    return this.#holds(kind, id) || listed() || this.#bringBack(kind, id) || listed();
  }

  #holds(kind: ObjectKind, id: ContentId): boolean {
    while (!this.#index.has(kind, id)) if (!this.#readNext()) return false;
    return true;
  }

  /** The tables of all packs, sorted by pack id. */
  tables(): PackTable[] {
    this.#refreshWhole();
    return [...this.#known.values()].sort((a, b) => (a.packId < b.packId ? -1 : 1));
  }

  /** The packs that stand in the folder at this moment, readable or not, with their bytes. No other is known from then on. */
  sizes(): Map<ContentId, number> {
    const sizes = new Map<ContentId, number>();
    for (const id of this.#listedIds()) {
      const stat = statSync(this.fileOf(id), { throwIfNoEntry: false });
      if (stat) sizes.set(id, stat.size);
    }
    this.#forgetOthers(sizes);
    return sizes;
  }

  unreadable(): UnreadablePack[] {
    this.#refreshWhole();
    return [...this.#unreadable.values()];
  }

  /** Calls `use` with the file of a pack; again if it was moved to the trash meanwhile. Throws ENOENT if it is gone. */
  withFile<T>(id: ContentId, use: (file: string) => T): T {
    try {
      return use(this.fileOf(id));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      const place = this.#trash.rescue(packKey(id));
      if (place === undefined) throw error;
      return use(place);
    }
  }

  /** An open reader of a pack on the shelf. Throws ENOENT if the pack was removed meanwhile. */
  reader(table: PackTable): PackReader {
    const { packId } = table;
    const open = this.#open.get(packId) ?? this.withFile(packId, (file) => PackReader.open(file, { table }));
    this.#open.delete(packId);
    this.#open.set(packId, open);
    if (this.#open.size > OPEN_PACKS) this.#closeReader(this.#open.keys().next().value!);
    return open;
  }

  /** Takes up a pack that was just renamed into the folder. */
  add(table: PackTable): void {
    this.#unreadable.delete(table.packId);
    this.#closeReader(table.packId);
    if (this.#known.has(table.packId)) return;
    this.#known.set(table.packId, table);
    this.#index.add(table);
  }

  /** Lists the folder again if it may have changed; true if packs came or went. `always` lists it in any case. */
  refresh(always = false): boolean {
    const folderTime = statSync(this.#folder, { throwIfNoEntry: false })?.mtimeMs ?? -1;
    if (!always && this.#listedAt.settled && folderTime === this.#listedAt.folderTime) return false;
    this.#listedAt = { folderTime, settled: isSettled(folderTime) };
    delete this.#condemned.index;
    const listed = new Set(this.#listedIds());
    const gone = this.#forgetOthers(listed);
    const met = new Set([...this.#known.keys(), ...this.#unreadable.keys(), ...this.#unread]);
    const added = [...listed].filter((id) => !met.has(id));
    this.#unread = this.#largestFirst([...this.#unread, ...added]);
    return gone + added.length > 0;
  }

  #refreshWhole(): void {
    this.refresh();
    while (this.#readNext()) continue;
  }

  #largestFirst(ids: readonly ContentId[]): ContentId[] {
    const sizeOf = (id: ContentId) => statSync(this.fileOf(id), { throwIfNoEntry: false })?.size ?? 0;
    const sizes = new Map(ids.map((id) => [id, sizeOf(id)]));
    return [...ids].sort((a, b) => sizes.get(b)! - sizes.get(a)!);
  }

  /** Reads one more table; false if all are read. */
  #readNext(): boolean {
    const id = this.#unread.pop();
    if (id === undefined) return false;
    this.#load(id);
    return true;
  }

  close(): void {
    for (const id of [...this.#open.keys()]) this.#closeReader(id);
  }

  /** True if a pack of the trash held the object, which is in the store again. */
  #bringBack(kind: ObjectKind, id: ContentId): boolean {
    const table = this.#condemnedIndex().find(kind, id)?.table;
    if (table === undefined) return false;
    // Deleted meanwhile, it is as if it had never been found: the next look at the trash will not find it.
    if (this.#trash.rescue(packKey(table.packId)) === undefined) delete this.#condemned.index;
    else this.add(table);
    return this.#index.has(kind, id);
  }

  #condemnedIndex(): ObjectIndex {
    const { tables, index } = this.#condemned;
    if (index) return index;
    const made = new ObjectIndex();
    for (const { key, file } of this.#trash.list()) {
      const id = packOfKey(key);
      const table = id && (tables.get(file) ?? readSoundTable(file, id));
      if (!table) continue;
      tables.set(file, table);
      made.add(table);
    }
    return (this.#condemned.index = made);
  }

  #listedIds(): ContentId[] {
    return namesIn(this.#folder)
      .map((name) => packOfKey(`${FOLDERS.packs}/${name}`))
      .filter((id) => id !== undefined);
  }

  #load(id: ContentId): void {
    try {
      const reader = PackReader.open(this.fileOf(id), { id });
      reader.close();
      this.add(reader.table);
    } catch (error) {
      if (error instanceof OcrpipeError) this.#unreadable.set(id, { id, where: this.fileOf(id), error });
      else if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Drops all packs that are not among `listed`; returns how many. */
  #forgetOthers(listed: { has: (id: ContentId) => boolean }): number {
    const gone = [...this.#known.keys(), ...this.#unreadable.keys()].filter((id) => !listed.has(id));
    for (const id of gone) this.#forget(id);
    if (gone.length > 0) this.#rebuild();
    const unread = this.#unread.filter((id) => listed.has(id));
    const goneUnread = this.#unread.length - unread.length;
    this.#unread = unread;
    return gone.length + goneUnread;
  }

  #forget(id: ContentId): void {
    this.#known.delete(id);
    this.#unreadable.delete(id);
    this.#closeReader(id);
  }

  #rebuild(): void {
    this.#index = new ObjectIndex();
    for (const table of this.#known.values()) this.#index.add(table);
  }

  #closeReader(id: ContentId): void {
    this.#open.get(id)?.close();
    this.#open.delete(id);
  }
}
