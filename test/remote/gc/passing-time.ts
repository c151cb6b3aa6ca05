import { contentIdOf } from '../../../src/base/content-id.js';
import { readAll, type Remote } from '../../../src/remote/backends/remote.js';
import { baseOfKey, decodeBase, encodeBase } from '../../../src/remote/catalog/base-chain.js';

/** A remote as it was so long ago by its clock. */
export function pastOf(remote: Remote, ms: number): Remote {
  return new Proxy(remote, {
    get: (target, name) => {
      if (name === 'now') return async () => new Date((await target.now()).getTime() - ms);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Lets so much time pass for a remote whose clock is that of a real server: its bases say that they were written so much earlier. */
export async function passTime(remote: Remote, ms: number): Promise<void> {
  const earlier = (time: string): string => new Date(Date.parse(time) - ms).toISOString();
  for (const { key } of await remote.list('packs/')) {
    const n = baseOfKey(key);
    if (n === undefined) continue;
    const base = decodeBase(await readAll((await remote.get(key))!), n, key);
    const { collection } = base;
    const bytes = encodeBase({
      ...base,
      created: earlier(base.created),
      condemned: base.condemned.map((each) => ({ ...each, deleteAfter: earlier(each.deleteAfter) })),
      collection: {
        ...collection,
        deleted: collection.deleted.map((each) => ({ ...each, until: earlier(each.until) })),
      },
    });
    await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
  }
}
