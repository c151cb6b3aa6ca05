import type { ContentId } from '../../base/content-id.js';
import { textOf, type MissingFile } from './missing-on-remote.js';

/**
 * Blobs that are wanted, in the order in which they were met, and where they belong. There may be millions: each holds no more than
 * its id and one place, and what it is called in messages is made when it is asked for.
 */
export class WantedBlobs {
  readonly #places = new Map<ContentId, MissingFile>();
  /** Of those that belong to several paths, all places but the first; of several in one path only the first. */
  readonly #others = new Map<ContentId, MissingFile[]>();

  get size(): number {
    return this.#places.size;
  }

  ids(): Iterable<ContentId> {
    return this.#places.keys();
  }

  want(id: ContentId, place: MissingFile): void {
    this.#places.set(id, place);
  }

  /** False for one that is not wanted yet; otherwise notes that it is wanted there, too. */
  isWantedElsewhere(id: ContentId, place: MissingFile): boolean {
    const first = this.#places.get(id);
    if (first === undefined) return false;
    const others = this.#others.get(id) ?? [];
    if ([first, ...others].every(({ path }) => path !== place.path)) this.#others.set(id, [...others, place]);
    return true;
  }

  /** Forgets it and returns where it belongs. */
  drop(id: ContentId): MissingFile[] {
    const first = this.#places.get(id);
    this.#places.delete(id);
    return first === undefined ? [] : [first, ...(this.#others.get(id) ?? [])];
  }

  /** What it is called in messages. */
  nameOf(id: ContentId): string {
    const place = this.#places.get(id);
    if (place === undefined) return id;
    return place.file === undefined ? place.path : `${place.path} (${textOf(place.file)})`;
  }
}
