import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../../store/format.js';
import { ObjectIndex } from '../../store/object-index.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RemoteView } from '../catalog/view.js';

/**
 * Which objects of a remote are needed: of several copies in packs the one that stays best (in the order of the view), so that
 * the others go.
 */
export class RemoteMarks {
  readonly #index = new ObjectIndex();
  readonly #packed = new Map<PackTable, Uint8Array>();
  readonly #large = new Map<ContentId, boolean>();

  constructor(view: RemoteView) {
    for (const table of view.packs) {
      this.#index.add(table);
      this.#packed.set(table, new Uint8Array(table.count));
    }
    for (const id of view.large.keys()) this.#large.set(id, false);
  }

  /** Marks an object; says whether it was marked before, and whether there is any. */
  mark(kind: ObjectKind, id: ContentId): 'new' | 'known' | 'absent' {
    const packed = this.#index.find(kind, id);
    const isLarge = kind === 'blob' && this.#large.has(id);
    if (packed === undefined && !isLarge) return 'absent';
    const known = this.isMarked(kind, id);
    if (isLarge) this.#large.set(id, true);
    if (packed) this.#packed.get(packed.table)![packed.index] = 1;
    return known ? 'known' : 'new';
  }

  isMarked(kind: ObjectKind, id: ContentId): boolean {
    const packed = this.#index.find(kind, id);
    if (packed) return this.isMarkedAt(packed.table, packed.index);
    return kind === 'blob' && this.#large.get(id) === true;
  }

  /** True if object number `index` of a pack is needed from there. */
  isMarkedAt(table: PackTable, index: number): boolean {
    return this.#packed.get(table)![index] === 1;
  }
}
