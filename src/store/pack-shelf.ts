import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { FOLDERS, packKey, packOfKey, type ObjectKind } from './format.js';
import { ObjectIndex, type Packed } from './object-index.js';
import type { PackTable } from './pack-format.js';
import { PackReader } from './pack-reader.js';
import { namesIn } from './temporary.js';

/** Pack files kept open at once. */
const OPEN_PACKS = 16;
/** A folder that changed so recently may change again without a new time on a coarse clock. Milliseconds. */
const COARSE_CLOCK_MS = 2000;

/** A pack whose table could not be read: what it held is not known. */
export interface UnreadablePack {
  id: ContentId;
  where: string;
  error: OcrpipeError;
}

/**
 * The packs of one local store. Tables are read when first asked for and kept; the folder is listed again when its time
 * changed, because other processes add packs.
 */
export class PackShelf {
  readonly #root: string;
  readonly #folder: string;
  readonly #open = new Map<ContentId, PackReader>();
  readonly #unreadable = new Map<ContentId, UnreadablePack>();
  #known = new Map<ContentId, PackTable>();
  #index = new ObjectIndex();
  #listedAt = { folderTime: -1, settled: false };

  constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, FOLDERS.packs);
  }

  fileOf(id: ContentId): string {
    return join(this.#root, packKey(id));
  }

  /** Every copy of the object in the packs; a miss looks for packs that others added. */
  findAll(kind: ObjectKind, id: ContentId): Packed[] {
    const found = this.#index.findAll(kind, id);
    return found.length === 0 && this.refresh() ? this.#index.findAll(kind, id) : found;
  }

  /** True if a pack known by now holds the object: packs that others added since are not looked for. */
  knows(kind: ObjectKind, id: ContentId): boolean {
    return this.#index.has(kind, id);
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#index.has(kind, id) || (this.refresh() && this.#index.has(kind, id));
  }

  /** The tables of all packs, sorted by pack id. */
  tables(): PackTable[] {
    this.refresh();
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
    this.refresh();
    return [...this.#unreadable.values()];
  }

  /** An open reader of a pack on the shelf. Throws ENOENT if the pack was removed meanwhile. */
  reader(table: PackTable): PackReader {
    const { packId } = table;
    const open = this.#open.get(packId) ?? PackReader.open(this.fileOf(packId), { table });
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
    this.#listedAt = { folderTime, settled: Math.abs(Date.now() - folderTime) > COARSE_CLOCK_MS };
    const listed = new Set(this.#listedIds());
    const gone = this.#forgetOthers(listed);
    const added = [...listed].filter((id) => !this.#known.has(id) && !this.#unreadable.has(id));
    for (const id of added) this.#load(id);
    return gone + added.length > 0;
  }

  close(): void {
    for (const id of [...this.#open.keys()]) this.#closeReader(id);
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
    return gone.length;
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
