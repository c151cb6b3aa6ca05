import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';

/** Catalogs, bases and `format.json` of remotes that were read before. Safe to delete: everything is fetched again. */
export interface ViewCache {
  catalog(id: ContentId): Buffer | undefined;
  putCatalog(id: ContentId, bytes: Buffer): void;
  /** A small file of the remote known as `where`; `name` says which. */
  note(where: string, name: string): Buffer | undefined;
  putNote(where: string, name: string, bytes: Uint8Array): void;
}

/** A cache in a folder of this machine's index. What is damaged there counts as absent. */
export class FolderViewCache implements ViewCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  catalog(id: ContentId): Buffer | undefined {
    return readIfThere(this.#catalogFile(id));
  }

  putCatalog(id: ContentId, bytes: Buffer): void {
    keep(this.#catalogFile(id), bytes);
  }

  note(where: string, name: string): Buffer | undefined {
    return readIfThere(this.#noteFile(where, name));
  }

  putNote(where: string, name: string, bytes: Uint8Array): void {
    keep(this.#noteFile(where, name), bytes);
  }

  #catalogFile(id: ContentId): string {
    return join(this.#folder, 'catalogs', `${id}.cat`);
  }

  #noteFile(where: string, name: string): string {
    return join(this.#folder, 'remotes', contentIdOf(where).slice(0, 32), name);
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written (full disk, read-only folder) costs requests, nothing else. */
function keep(file: string, bytes: Uint8Array): void {
  try {
    writeFileAtomic(file, bytes);
  } catch {
    // The next command asks the remote again.
  }
}
