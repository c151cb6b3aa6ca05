import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { checkRemote } from '../../../src/remote/fsck/check-remote.js';
import { packKey } from '../../../src/store/format.js';
import { Machine, randomFiles, type Folder } from '../rig.js';
import { collect } from './collecting.js';

const PUSHERS = 8;

/** Files of which each pusher has some: neighbours share half of theirs. */
function overlapping(files: readonly [string, Uint8Array | Folder][], pusher: number): Folder {
  const step = files.length / (PUSHERS + 1);
  return Object.fromEntries(files.slice(Math.floor(pusher * step), Math.floor((pusher + 2) * step)));
}

/**
 * Eight pushers of data that overlaps with each other's and with garbage, at once, while others collect that garbage again and again
 * with this grace period: nobody fails, everything arrives, and a last collection leaves hardly anything twice.
 */
export async function expectManyClients(open: () => Promise<Remote>, graceMs: number): Promise<void> {
  const files = Object.entries(randomFiles(180, 3000));
  // Without a grace period the name of a large object is deleted before whoever brings it has named it.
  const names = graceMs > 0 ? [0, 1, 2] : [];
  const large = Object.fromEntries(names.map((n) => [`large-${n}`, randomBytes(1_100_000 + n)]));
  const [old, collector] = [new Machine(), new Machine()];
  const garbage = old.add({ ...Object.fromEntries(files.slice(40, 160)), ...large });
  await old.push(await open(), [garbage], { project: 'ours' });
  await collect(collector, await open(), [], { graceMs });
  const pushers = Array.from({ length: PUSHERS }, (_, index) => {
    const machine = new Machine();
    const id = machine.add({ ...overlapping(files, index), ...large, own: randomBytes(500) });
    return { machine, id, project: `project-${index}` };
  });
  let pushing = true;
  const pushed = Promise.all(
    pushers.map(async ({ machine, id, project }) => machine.push(await open(), [id], { project })),
  ).finally(() => {
    pushing = false;
  });
  const collections = [0, 1].map(async () => {
    while (pushing) await collect(new Machine(), await open(), [], { graceMs });
  });
  await Promise.all([pushed, ...collections]);
  for (const { machine, id } of pushers) {
    const reader = new Machine();
    await reader.fetch(await open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
  }
  await collect(collector, await open(), [], { graceMs });
  expect(await tidied(await open(), collector, files.length * 3000)).toBe(names.length);
}

/** Returns how many large objects there are. */
async function tidied(remote: Remote, machine: Machine, bytes: number): Promise<number> {
  const { signal } = new AbortController();
  const { findings } = await checkRemote({ remote, store: machine.store, jobs: 4, events: noEvents, signal });
  expect(findings).toEqual([]);
  const view = await loadView(machine.source(remote));
  const staying = view.packs.filter(({ packId }) => !view.isCondemned(packKey(packId)));
  expect(staying.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(bytes * 1.35);
  return view.large.size;
}
