import type { ContentId } from '../../base/content-id.js';
import type { OcrpipeError } from '../../base/errors.js';
import type { ObjectKind } from '../../store/format.js';
import type { PackTable } from '../../store/pack-format.js';
import type { PushPlace, PushStore } from './push-store.js';

/**
 * A store that has the nodes of its directories as listings, too: where only a part of a directory is pushed, others find it by them. As
 * trees they would promise everything below.
 */
export class ListingsOfTrees implements PushStore {
  readonly root: string;
  readonly #store: PushStore;

  constructor(store: PushStore) {
    this.root = store.root;
    this.#store = store;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#store.has(kind, id) || this.#isTreeOnly(kind, id);
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    return this.#store.read(this.#isTreeOnly(kind, id) ? 'tree' : kind, id);
  }

  /** A listing that is made of a tree is in no pack yet. */
  locate(kind: ObjectKind, id: ContentId): PushPlace | undefined {
    if (!this.#isTreeOnly(kind, id)) return this.#store.locate(kind, id);
    const tree = this.#store.locate('tree', id);
    return tree && { in: 'loose', length: tree.length };
  }

  #isTreeOnly(kind: ObjectKind, id: ContentId): boolean {
    return kind === 'listing' && !this.#store.has('listing', id) && this.#store.has('tree', id);
  }

  packs(): readonly PackTable[] {
    return this.#store.packs();
  }

  damageOf(kind: ObjectKind, id: ContentId): OcrpipeError | undefined {
    return this.#store.damageOf(kind, id);
  }

  checkPack(table: PackTable): void {
    this.#store.checkPack(table);
  }

  withObject<T>(
    id: ContentId,
    use: (file: string) => Promise<T>,
    options?: { signal?: AbortSignal; unchecked?: boolean },
  ): Promise<T> {
    return this.#store.withObject(id, use, options);
  }

  temporaryFile(): string {
    return this.#store.temporaryFile();
  }
}
