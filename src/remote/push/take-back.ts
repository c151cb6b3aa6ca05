import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { objectKey } from '../../store/format.js';
import type { RemoteView } from '../catalog/view.js';
import type { PushPlace } from './push-store.js';

/** A condemned pack is taken back where so much of it is needed; of others what is needed is sent again. */
const NEEDED_SHARE = 0.25;

/**
 * Chooses the condemned files of a remote that a push takes back rather than to send again what is in them: a large object has one
 * name only, and what is not in the store cannot be sent.
 */
export class TakeBack {
  readonly #view: RemoteView;
  readonly #now: string | undefined;
  readonly #keys = new Set<string>();
  /** Bytes that are needed of packs, and how many they have. */
  readonly #packs = new Map<string, { needed: number; size: number }>();

  /** `now`: ISO 8601, the remote's clock. */
  constructor(view: RemoteView, now: string | undefined) {
    this.#view = view;
    this.#now = now;
  }

  /**
   * Notes that a blob is needed which nothing but condemned files may hold. `here`: what kind of file of the store has it. Throws
   * `remote-collecting` for a large one whose name cannot be used yet.
   */
  note(id: ContentId, here: PushPlace['in'] | undefined): void {
    if (here === 'file') this.#freeName(objectKey(id));
    for (const place of this.#view.findAll('blob', id)) {
      if (place.in === 'file' || here === undefined) this.#keys.add(place.key);
      else {
        const pack = this.#packs.get(place.key) ?? { needed: 0, size: place.table.size };
        this.#packs.set(place.key, { ...pack, needed: pack.needed + place.length });
      }
      return;
    }
  }

  keys(): string[] {
    const packs = [...this.#packs].filter(([, { needed, size }]) => needed >= size * NEEDED_SHARE);
    return [...new Set([...this.#keys, ...packs.map(([key]) => key)])];
  }

  /** A large object has one name: condemned, be it that no catalog knows it, it could not be relied on. */
  #freeName(key: string): void {
    if (this.#view.isCondemned(key)) this.#keys.add(key);
    const until = this.#view.deletedUntil(key);
    if (until === undefined) return;
    if (this.#now === undefined || this.#now <= until) {
      throw new OcrpipeError(
        'remote-collecting',
        `a collection of garbage is deleting ${key}, which this push needs there`,
        { hint: `Run the command again after ${until}: from then on that name can be used.` },
      );
    }
    this.#keys.add(key);
  }
}
