import { readFileSync } from 'node:fs';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../format.js';
import { LooseObjects } from '../loose-objects.js';
import { objectMissing, type ObjectReader } from '../object-reader.js';
import { PackShelf } from '../pack-shelf.js';
import { Trash } from '../trash.js';
import type { Finding } from './finding.js';

/**
 * A store as it is without the copies that a check found damaged. Reading from it changes nothing in the store: what is met
 * damaged only now is passed over, and stays where it is.
 */
export class SoundReader implements ObjectReader {
  readonly #root: string;
  readonly #shelf: PackShelf;
  readonly #loose: LooseObjects;
  readonly #damaged: Set<string>;

  constructor(root: string, findings: readonly Finding[]) {
    this.#root = root;
    const trash = new Trash(root, { inspect: true });
    this.#shelf = new PackShelf(root, trash);
    this.#loose = new LooseObjects(root, trash, () => undefined);
    this.#damaged = new Set(findings.map(({ object, where }) => copyName(object.kind, object.id, where)));
  }

  has(kind: ObjectKind, id: ContentId, size?: number): boolean {
    // Most often nothing is damaged, and the first copy is as good as any.
    if (this.#damaged.size === 0 && this.#shelf.knows(kind, id)) return true;
    if (this.#packed(kind, id).length > 0) return true;
    return kind === 'blob' && this.#loose.has(id, size) && !this.#isDamaged(kind, id, this.#loose.fileOf(id));
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    for (const { table, index } of this.#packed(kind, id)) {
      const bytes = this.#shelf.reader(table).readObject(table.entry(index));
      if (bytes) return bytes;
    }
    const file = this.#loose.fileOf(id);
    if (kind === 'blob' && this.#loose.has(id) && !this.#isDamaged(kind, id, file)) {
      const bytes = readFileSync(file);
      if (contentIdOf(bytes) === id) return bytes;
    }
    throw objectMissing(kind, id, this.#root);
  }

  close(): void {
    this.#shelf.close();
  }

  #packed(kind: ObjectKind, id: ContentId) {
    return this.#shelf
      .findAll(kind, id)
      .filter(({ table }) => !this.#isDamaged(kind, id, this.#shelf.fileOf(table.packId)));
  }

  #isDamaged(kind: ObjectKind, id: ContentId, file: string): boolean {
    return this.#damaged.has(copyName(kind, id, file));
  }
}

function copyName(kind: string, id: string, file: string): string {
  return `${kind} ${id} ${file}`;
}
