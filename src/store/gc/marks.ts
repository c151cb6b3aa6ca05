import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../format.js';
import { ObjectIndex } from '../object-index.js';
import type { PackTable } from '../pack-format.js';
import type { Inventory } from './inventory.js';

/** Which objects of a store are needed: a byte for each object of a pack, wherever that stands, and one for each large blob. */
export class Marks {
  readonly #index = new ObjectIndex();
  readonly #packed = new Map<PackTable, Uint8Array>();
  readonly #loose = new Map<ContentId, boolean>();

  constructor({ packs, objects, trash }: Inventory) {
    for (const table of [...packs, ...trash.flatMap((file) => file.table ?? [])]) {
      this.#index.add(table);
      this.#packed.set(table, new Uint8Array(table.count));
    }
    for (const { id } of objects) this.#loose.set(id, false);
    for (const { blob } of trash) if (blob !== undefined) this.#loose.set(blob, false);
  }

  /** Marks every copy of an object; says whether it was marked before, and whether there is any. */
  mark(kind: ObjectKind, id: ContentId): 'new' | 'known' | 'absent' {
    const first = this.#index.find(kind, id);
    const loose = kind === 'blob' ? this.#loose.get(id) : undefined;
    if (first === undefined && loose === undefined) return 'absent';
    if (loose === true || (first && this.isMarkedAt(first.table, first.index))) return 'known';
    if (loose === false) this.#loose.set(id, true);
    for (const { table, index } of this.#index.findAll(kind, id)) this.#packed.get(table)![index] = 1;
    return 'new';
  }

  isMarked(kind: ObjectKind, id: ContentId): boolean {
    const first = this.#index.find(kind, id);
    if (first) return this.isMarkedAt(first.table, first.index);
    return kind === 'blob' && this.#loose.get(id) === true;
  }

  /** True if object number `index` of a pack is marked. */
  isMarkedAt(table: PackTable, index: number): boolean {
    return this.#packed.get(table)![index] === 1;
  }
}
