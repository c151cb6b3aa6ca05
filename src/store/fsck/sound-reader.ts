import { statSync } from 'node:fs';
import { contentIdFromBytes, contentIdOf, type ContentId } from '../../base/content-id.js';
import { readRegularFile } from '../../base/regular-file.js';
import { objectKey, type ObjectKind } from '../format.js';
import { LooseObjects } from '../loose-objects.js';
import { objectMissing } from '../object-reader.js';
import { PackShelf } from '../pack-shelf.js';
import { Trash } from '../trash.js';
import type { Finding } from './finding.js';
import type { RawReader } from './whole-walk.js';

/**
 * A store as it is without the copies that a check found damaged. Reading from it changes nothing in the store: what is met
 * damaged only now is passed over, and stays where it is.
 */
export class SoundReader implements RawReader {
  readonly #root: string;
  readonly #trash: Trash;
  readonly #shelf: PackShelf;
  readonly #loose: LooseObjects;
  readonly #damaged: Set<string>;

  constructor(root: string, findings: readonly Finding[]) {
    this.#root = root;
    this.#trash = new Trash(root, { inspect: true });
    this.#shelf = new PackShelf(root, this.#trash);
    this.#loose = new LooseObjects(root, this.#trash, () => undefined);
    this.#damaged = new Set(findings.map(({ object, where }) => copyName(object.kind, object.id, where)));
  }

  has(kind: ObjectKind, id: ContentId, size?: number): boolean {
    // Most often nothing is damaged, and the first copy is as good as any.
    if (this.#damaged.size === 0 && this.#shelf.knows(kind, id)) return true;
    if (this.#packed(kind, id).length > 0) return true;
    const found = kind === 'blob' ? this.#looseSize(id) : undefined;
    if (found === undefined || (size !== undefined && found !== size)) return false;
    return !this.#isDamaged(kind, id, this.#loose.fileOf(id));
  }

  hasFileAt(raw: Buffer, at: number, size: number): boolean {
    if (this.#damaged.size === 0 && this.#shelf.knowsFileAt(raw, at)) return true;
    return this.has('blob', contentIdFromBytes(raw, at), size);
  }

  /** Bytes of a blob; undefined if no sound copy is there. */
  sizeOf(blob: ContentId): number | undefined {
    const [packed] = this.#packed('blob', blob);
    return packed ? packed.table.entry(packed.index).length : this.#looseSize(blob);
  }

  /** A file whose seal is broken is not read for that: who checks the store has read it. */
  #looseSize(id: ContentId): number | undefined {
    const size = (): number | undefined => statSync(this.#loose.fileOf(id), { throwIfNoEntry: false })?.size;
    const here = size();
    return here === undefined && this.#trash.rescue(objectKey(id)) !== undefined ? size() : here;
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    for (const { table, index } of this.#packed(kind, id)) {
      const bytes = this.#shelf.reader(table).readObject(table.entry(index));
      if (bytes) return bytes;
    }
    const file = this.#loose.fileOf(id);
    if (kind === 'blob' && this.#looseSize(id) !== undefined && !this.#isDamaged(kind, id, file)) {
      const bytes = readRegularFile(file, Number.POSITIVE_INFINITY);
      if (contentIdOf(bytes) === id) return bytes;
    }
    throw objectMissing(kind, id, this.#root);
  }

  close(): void {
    this.#shelf.close();
  }

  #packed(kind: ObjectKind, id: ContentId) {
    return [...this.#shelf.findAll(kind, id)].filter(
      ({ table }) => !this.#isDamaged(kind, id, this.#shelf.fileOf(table.packId)),
    );
  }

  #isDamaged(kind: ObjectKind, id: ContentId, file: string): boolean {
    return this.#damaged.has(copyName(kind, id, file));
  }
}

function copyName(kind: string, id: string, file: string): string {
  return `${kind} ${id} ${file}`;
}
