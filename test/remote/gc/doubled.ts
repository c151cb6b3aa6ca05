import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { ContentId } from '../../../src/base/content-id.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { catalogOfKey, decodeCatalog } from '../../../src/remote/catalog/catalog.js';
import { packOfKey } from '../../../src/store/format.js';
import { Machine, randomFiles } from '../rig.js';

const PUSHERS = 8;
const PUSHES = 3;
/** Files in each push, and how many of them the one before did not have. */
const FILES = 40;
const STEP = 10;

/** A pack, when the listing was asked for that it was planned by, and what is in it. */
interface Sent {
  readonly pack: ContentId;
  readonly listed: number;
}

/** What happens on a remote, in order, whoever does it. */
class Watched {
  #now = 0;
  readonly sent: Sent[] = [];
  /** When an object was named first, and what packs hold. */
  readonly named = new Map<ContentId, number>();
  readonly contents = new Map<ContentId, ContentId[]>();

  open(remote: Remote): Remote {
    let listed = 0;
    const list: Remote['list'] = (prefix, options) => {
      if (prefix === 'packs/') listed = this.#tick();
      return remote.list(prefix, options);
    };
    const put: Remote['put'] = async (key, body, options) => {
      const pack = packOfKey(key);
      const before = listed;
      const outcome = await remote.put(key, body, options);
      if (pack !== undefined && outcome === 'created') this.sent.push({ pack, listed: before });
      const catalog = catalogOfKey(key);
      if (catalog !== undefined && 'bytes' in body) this.#name(Buffer.from(body.bytes), catalog);
      return outcome;
    };
    return new Proxy(remote, {
      get: (target, name) => {
        if (name === 'list') return list;
        if (name === 'put') return put;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #tick(): number {
    return (this.#now += 1);
  }

  #name(bytes: Buffer, id: ContentId): void {
    const at = this.#tick();
    for (const table of decodeCatalog(bytes, id, 'a catalog').packs) {
      const ids = [...table.entries()].map((entry) => entry.id);
      this.contents.set(table.packId, ids);
      for (const each of ids) if (!this.named.has(each)) this.named.set(each, at);
    }
  }
}

/**
 * Eight pushers at once, each of data that overlaps with each other's, again and again: whatever is in two packs was on its way in one,
 * named by no catalog yet, when the other was planned.
 */
export async function expectNothingDoubled(open: () => Promise<Remote>): Promise<void> {
  const watched = new Watched();
  const files = Object.entries(randomFiles(130, 2000));
  const pushed = Array.from({ length: PUSHERS }, async (_, pusher) => {
    const machine = new Machine();
    for (let push = 0; push < PUSHES; push += 1) {
      const first = (pusher + push) * STEP;
      const some = Object.fromEntries(files.slice(first, first + FILES));
      const id = machine.add({ ...some, own: randomBytes(200) });
      await machine.push(watched.open(await open()), [id], { project: `project-${pusher}` });
    }
  });
  await Promise.all(pushed);
  expect(watched.sent.length).toBeGreaterThanOrEqual(PUSHERS * PUSHES);
  let objects = 0;
  for (const { pack, listed } of watched.sent) {
    const contents = watched.contents.get(pack)!;
    objects += contents.length;
    for (const id of contents) expect(watched.named.get(id)!, id).toBeGreaterThan(listed);
  }
  // Nobody sends again at least what they sent themselves: a file of their own and a directory are in each push, too.
  expect(objects).toBeLessThanOrEqual(PUSHERS * (FILES + (PUSHES - 1) * STEP + PUSHES * 2));
}
