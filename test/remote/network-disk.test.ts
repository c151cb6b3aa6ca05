import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, describe, it } from 'vitest';
import { noEvents } from '../../src/base/events.js';
import { FolderRemote } from '../../src/remote/backends/folder.js';
import type { Listed, Remote } from '../../src/remote/backends/remote.js';
import { checkRemote } from '../../src/remote/fsck/check-remote.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { collect, GRACE } from './gc/collecting.js';
import { Machine, randomFiles } from './rig.js';

/** A remote as a machine sees it whose listings of a network disk are old: as they were when this was called, until it catches up. */
async function lagging(remote: Remote): Promise<{ remote: Remote; catchUp: () => void }> {
  const listed: Listed[] = [...(await remote.list('packs/')), ...(await remote.list('objects/'))];
  let isOld = true;
  const list: Remote['list'] = (prefix, options) =>
    isOld
      ? Promise.resolve(listed.filter(({ key }) => key.startsWith(prefix)))
      : remote.list(prefix, options);
  const bound = (value: unknown): unknown => (typeof value === 'function' ? value.bind(remote) : value);
  const old = new Proxy(remote, {
    get: (target, name) => (name === 'list' ? list : bound(Reflect.get(target, name, target))),
  });
  return { remote: old, catchUp: () => (isOld = false) };
}

function folder(): FolderRemote {
  const place = join(temporaryFolder(), 'remote');
  mkdirSync(place);
  return new FolderRemote(place);
}

const check = (remote: Remote) =>
  checkRemote({
    ...{ remote, store: new Machine().store, jobs: 2, events: noEvents },
    signal: new AbortController().signal,
  });

describe('a network disk whose listings lag', () => {
  it('has not yet what was pushed a moment ago, and says so; later it has', async () => {
    const [remote, here, there] = [folder(), new Machine(), new Machine()];
    await here.push(remote, [here.add(randomFiles(3, 100))]);
    const behind = await lagging(remote);
    const id = here.add(randomFiles(3, 100));
    await here.push(remote, [id]);
    await expect(there.fetch(behind.remote, [id])).rejects.toMatchObject({ code: 'object-missing' });
    behind.catchUp();
    await there.fetch(behind.remote, [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });

  it('takes the same data from two machines that do not see each other', async () => {
    const [remote, first, second, third] = [folder(), new Machine(), new Machine(), new Machine()];
    const files = randomFiles(3, 100);
    const more = { ...files, large: Buffer.alloc(1_100_000, 'large') };
    const behind = [await lagging(remote), await lagging(remote)] as const;
    const ids = [first.add(more), second.add({ ...more, own: Buffer.from('own') })] as const;
    await Promise.all([first.push(behind[0].remote, [ids[0]]), second.push(behind[1].remote, [ids[1]])]);
    await third.fetch(remote, ids);
    expect([third.files(ids[0]), third.files(ids[1])]).toEqual([first.files(ids[0]), second.files(ids[1])]);
    expect((await check(remote)).findings).toEqual([]);
  });

  it('loses nothing to a gc that does not see the last push: what it condemns is still read, and the next one takes it back', async () => {
    const [remote, here, there, collector] = [folder(), new Machine(), new Machine(), new Machine()];
    const files = randomFiles(3, 2000);
    const old = here.add(files);
    await here.push(remote, [old], { project: 'ours' });
    const behind = await lagging(remote);
    const id = here.add({ ...files, more: Buffer.from('of the same pack') });
    await here.push(remote, [id], { project: 'theirs' });
    await collect(collector, behind.remote, [], GRACE);
    await there.fetch(remote, [id]);
    expect(there.files(id)).toEqual(here.files(id));
    expect(await new Machine().fetch(remote, [id])).toBeDefined();
    behind.catchUp();
    await collect(collector, behind.remote, [], { graceMs: 0 });
    await collect(collector, behind.remote, [], { graceMs: 0 });
    const later = new Machine();
    await later.fetch(remote, [id]);
    expect(later.files(id)).toEqual(here.files(id));
    expect((await check(remote)).findings).toEqual([]);
  });
});
