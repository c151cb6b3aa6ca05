import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf, isContentId, type ContentId } from '../../base/content-id.js';
import { readRegularFile } from '../../base/regular-file.js';
import { writePoint } from '../../base/write-points.js';

/**
 * What this machine remembers of one remote: catalogs, bases and `format.json` that were read before. Safe to delete:
 * everything is fetched again; only that the remote was another one before is not noticed then.
 */
export interface ViewCache {
  catalog(id: ContentId): Buffer | undefined;
  putCatalog(id: ContentId, bytes: Buffer): void;
  /** A small file of the remote; `name` says which. */
  note(name: string): Buffer | undefined;
  putNote(name: string, bytes: Uint8Array): void;
  /** The names of the notes that are kept. */
  notes(): string[];
}

/**
 * A cache in a folder of this machine's index, which the caches of other remotes may share: `place` tells this remote from
 * them. What is damaged there counts as absent.
 */
export class FolderViewCache implements ViewCache {
  readonly #folder: string;
  readonly #notes: string;

  constructor(folder: string, place: string) {
    this.#folder = folder;
    this.#notes = join(folder, 'remotes', contentIdOf(place).slice(0, 32));
  }

  catalog(id: ContentId): Buffer | undefined {
    return readIfThere(this.#catalogFile(id));
  }

  putCatalog(id: ContentId, bytes: Buffer): void {
    keep(this.#catalogFile(id), bytes);
  }

  note(name: string): Buffer | undefined {
    return readIfThere(join(this.#notes, name));
  }

  putNote(name: string, bytes: Uint8Array): void {
    keep(join(this.#notes, name), bytes);
  }

  /** The catalogs that are kept, those of other remotes among them. */
  catalogs(): ContentId[] {
    return namesIn(join(this.#folder, 'catalogs'))
      .map((name) => name.replace(/\.cat$/, ''))
      .filter(isContentId);
  }

  notes(): string[] {
    return namesIn(this.#notes);
  }

  /** Forgets which remote was there: whatever is found next is taken for it. */
  forget(): void {
    writePoint();
    rmSync(this.#notes, { recursive: true, force: true });
  }

  #catalogFile(id: ContentId): string {
    return join(this.#folder, 'catalogs', `${id}.cat`);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readRegularFile(file);
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
