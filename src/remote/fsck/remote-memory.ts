import { canonicalJson } from '../../base/canonical-json.js';
import type { ViewCache } from '../catalog/view-cache.js';

const NOTE = 'checked.json';
/** Before any time that a clock shows. Milliseconds since 1970. */
const LONG_AGO = 1;

/**
 * Which files of a remote this machine found sound, and when. It decides in which order they are checked, never whether one is
 * sound. Lost or damaged, it is as if nothing had been checked.
 */
export class RemoteMemory {
  readonly #cache: ViewCache;
  /** Key to milliseconds since 1970. */
  readonly #times: Map<string, number>;

  constructor(cache: ViewCache) {
    this.#cache = cache;
    this.#times = timesIn(cache.note(NOTE));
  }

  /** Milliseconds since 1970; 0 if never. A time that is to come says nothing: the clock has been set back since. */
  checkedAt(key: string): number {
    const time = this.#times.get(key) ?? 0;
    return time > Date.now() ? LONG_AGO : time;
  }

  /** Remembers that a file was found sound, or, without a time, that it was not. */
  note(key: string, time: number | undefined): void {
    if (time === undefined) this.#times.delete(key);
    else this.#times.set(key, time);
  }

  /** Writes it down, less what is about files that are not among `keys`. */
  save(keys: ReadonlyMap<string, unknown>): void {
    const known = Object.fromEntries([...this.#times].filter(([key]) => keys.has(key)));
    this.#cache.putNote(NOTE, Buffer.from(canonicalJson(known)));
  }
}

function timesIn(note: Buffer | undefined): Map<string, number> {
  const times = new Map<string, number>();
  for (const [key, time] of Object.entries(parsed(note))) if (typeof time === 'number') times.set(key, time);
  return times;
}

function parsed(note: Buffer | undefined): object {
  try {
    const value: unknown = JSON.parse(note?.toString() ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
