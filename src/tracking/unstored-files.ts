import { copyFile, rm } from 'node:fs/promises';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import { textOfBytes } from '../base/byte-text.js';
import { LARGE_BLOB_BYTES, type ObjectKind } from '../store/format.js';
import type { LocalStore } from '../store/local-store.js';
import { objectMissing, type ObjectReader } from '../store/object-reader.js';
import type { PackTable } from '../store/pack-format.js';
import { walkTree } from '../store/tree-reader.js';
import { bytePath, fsPath, joinBytes, type BytePath } from './byte-path.js';
import { readStable } from './scan/stable-read.js';
import type { TreeSnapshot } from './workspace-files.js';

/** Where the bytes of a blob can be read. */
interface UnstoredFile {
  path: BytePath;
  /** Bytes. */
  size: number;
}

/** Where an object stands that need not be in the store. */
type Place = { in: 'pack'; pack: ContentId; length: number } | { in: 'file' | 'loose'; length: number };

/**
 * Objects that are in no store, by the files and folders that hold them, beside those of a local store: what a push can take them from.
 * Files are read when they are asked for, one at a time, and compared with their ids. What the store has comes from there.
 */
export class UnstoredFiles implements ObjectReader {
  readonly root: string;
  readonly #store: LocalStore;
  readonly #files = new Map<ContentId, UnstoredFile>();
  readonly #trees: ObjectReader[] = [];

  constructor(store: LocalStore) {
    this.root = store.root;
    this.#store = store;
  }

  /** Takes up what was found at an absolute path. */
  add(place: string, { snapshot, reader }: TreeSnapshot): void {
    const top = bytePath(place);
    if (snapshot.kind === 'file') {
      this.#files.set(snapshot.id, { path: top, size: snapshot.size });
      return;
    }
    this.#trees.push(reader);
    for (const { path, entry } of walkTree({ reader, id: snapshot.id })) {
      if (entry.kind !== 'file' || this.#files.has(entry.id)) continue;
      this.#files.set(entry.id, { path: joinBytes(top, path), size: entry.size });
    }
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#store.has(kind, id) || this.#isHere(kind, id);
  }

  #isHere(kind: ObjectKind, id: ContentId): boolean {
    return kind === 'blob' ? this.#files.has(id) : this.#trees.some((reader) => reader.has(kind, id));
  }

  /** Throws `file-changed` for a file that is no longer what it was. */
  read(kind: ObjectKind, id: ContentId): Buffer {
    if (this.#store.has(kind, id)) return this.#store.read(kind, id);
    if (kind !== 'blob') {
      const reader = this.#trees.find((each) => each.has(kind, id));
      if (reader === undefined) throw objectMissing(kind, id, this.root);
      return reader.read(kind, id);
    }
    const file = this.#fileOf(id);
    const found = readStable(file.path, Buffer.allocUnsafe(file.size + 1));
    if (found === undefined || contentIdOf(found.bytes) !== id) throw fileChanged(file);
    return found.bytes;
  }

  #fileOf(id: ContentId): UnstoredFile {
    const file = this.#files.get(id);
    if (file === undefined) throw objectMissing('blob', id, this.root);
    return file;
  }

  locate(kind: ObjectKind, id: ContentId): Place | undefined {
    const stored = this.#store.locate(kind, id);
    if (stored !== undefined || !this.#isHere(kind, id)) return stored;
    const length = kind === 'blob' ? this.#fileOf(id).size : this.read(kind, id).length;
    return { in: length >= LARGE_BLOB_BYTES && kind === 'blob' ? 'file' : 'loose', length };
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

  temporaryFile(): string {
    return this.#store.temporaryFile();
  }

  /** The file as it stands in its folder: whoever receives it compares it with its id. */
  async withObject<T>(
    id: ContentId,
    use: (file: string) => Promise<T>,
    options: { signal?: AbortSignal; unchecked?: boolean } = {},
  ): Promise<T> {
    if (this.#store.has('blob', id)) return this.#store.withObject(id, use, options);
    const named = fsPath(this.#fileOf(id).path);
    if (typeof named === 'string') return use(named);
    // Only a name that is text can be handed on.
    const copy = this.#store.temporaryFile();
    try {
      await copyFile(named, copy);
      return await use(copy);
    } finally {
      await rm(copy, { force: true });
    }
  }
}

function fileChanged({ path }: UnstoredFile): OcrpipeError {
  return new OcrpipeError('file-changed', `${textOfBytes(path)} changed while it was being sent`, {
    hint: 'Run the command again: what was sent is not sent again.',
  });
}
