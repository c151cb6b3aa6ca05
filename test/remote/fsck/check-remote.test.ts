import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { noEvents } from '../../../src/base/events.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import { writeNextBase } from '../../../src/remote/catalog/write-base.js';
import type { GetOptions } from '../../../src/remote/backends/remote.js';
import {
  checkRemote,
  type RemoteCheck,
  type RemoteCheckInput,
} from '../../../src/remote/fsck/check-remote.js';
import { RemoteMemory } from '../../../src/remote/fsck/remote-memory.js';
import { healRemote } from '../../../src/remote/fsck/heal-remote.js';
import { readWholeView } from '../../../src/remote/fsck/read-view.js';
import { objectKey } from '../../../src/store/format.js';
import { Machine } from '../rig.js';

const signal = new AbortController().signal;
const LARGE = Buffer.alloc(1_100_000, 5);

/** A remote in memory that one machine pushed a few files to, a large one among them. */
class Pushed {
  readonly objects = new Map<string, Buffer>();
  readonly remote = new MemoryRemote('memory', this.objects);
  readonly machine = new Machine();

  static async make(files: Record<string, Buffer> = {}): Promise<Pushed> {
    const pushed = new Pushed();
    const { machine, remote } = pushed;
    const run = { key: contentIdOf('inputs'), record: machine.runs.put(contentIdOf('inputs'), { outs: {} }) };
    const id = machine.add({ a: Buffer.from('first'), b: Buffer.from('second'), ...files });
    await machine.push(remote, [id], { runs: [run] });
    return pushed;
  }

  check(options: Partial<RemoteCheckInput> = {}): Promise<RemoteCheck> {
    const { remote, machine } = this;
    return checkRemote({ remote, store: machine.store, jobs: 2, events: noEvents, signal, ...options });
  }

  async heal(check: RemoteCheck, machine = this.machine): Promise<string[]> {
    const { remote } = this;
    const { store, runs, cache } = machine;
    const input = { remote, store, runs, cache, jobs: 2, events: noEvents, signal };
    return [...(await healRemote(input, check))].sort();
  }

  key(ending: string): string {
    return [...this.objects.keys()].find((key) => key.endsWith(ending))!;
  }

  damage(key: string, at: number): void {
    const bytes = Buffer.from(this.objects.get(key)!);
    bytes[at]! ^= 1;
    this.objects.set(key, bytes);
  }
}

describe('checkRemote', () => {
  it('finds nothing wrong on a sound remote, and reads all of it', async () => {
    const pushed = await Pushed.make({ large: LARGE });
    const check = await pushed.check();
    expect(check.findings).toEqual([]);
    expect(check.bytes).toBe([...pushed.objects.values()].reduce((sum, { length }) => sum + length, 0));
    // Two small files, a large one, a tree, a run record; format.json and a catalog.
    expect(check.checked).toBe(7);
    expect(check.unnamed).toEqual({ files: 0, bytes: 0 });
  });

  it('goes on, with a budget, with what was checked longest ago', async () => {
    const pushed = await Pushed.make({ large: LARGE });
    const memory = new RemoteMemory(pushed.machine.cache);
    const none = await pushed.check({ memory, budgetMs: 0 });
    expect(none.unchecked).toEqual({ files: 2, bytes: expect.any(Number) as number, never: 2 });
    // What is read of it counts: format.json and the catalog.
    expect(none.checked).toBe(2);
    const order: string[] = [];
    const remote = new MemoryRemote('memory', pushed.objects);
    const get = remote.get.bind(remote);
    remote.get = (key: string, options?: GetOptions) => {
      if (!key.endsWith('.cat') && key !== 'format.json') order.push(key);
      return get(key, options);
    };
    const keys = [pushed.key('.pack'), objectKey(contentIdOf(LARGE))];
    for (const [longest, other] of [keys, keys.toReversed()] as [string, string][]) {
      memory.note(longest, 1000);
      memory.note(other, 2000);
      memory.save(pushed.objects);
      order.length = 0;
      const all = await pushed.check({ remote, memory: new RemoteMemory(pushed.machine.cache), jobs: 1 });
      expect([order, all.unchecked.files]).toEqual([[longest, other], 0]);
    }
    // What was found damaged comes first the next time.
    pushed.damage(keys[1]!, 7);
    await pushed.check({ memory });
    expect(memory.checkedAt(keys[1]!)).toBe(0);
    expect(memory.checkedAt(keys[0]!)).toBeGreaterThan(2000);
  });

  it('does not read what the server itself knows the hash of, where that is asked for, and only that', async () => {
    const pushed = await Pushed.make({ large: LARGE });
    const [whole, trusting] = [await pushed.check(), await pushed.check({ trustsChecksums: true })];
    expect(trusting).toMatchObject({
      checked: whole.checked,
      bytes: whole.bytes - LARGE.length,
      findings: [],
    });
    pushed.damage(objectKey(contentIdOf(LARGE)), 1000);
    // A server that looks at its bytes knows another hash now.
    expect((await pushed.check({ trustsChecksums: true })).findings).toMatchObject([
      { object: { kind: 'blob', id: contentIdOf(LARGE) }, gone: false },
    ]);
    pushed.objects.delete(objectKey(contentIdOf(LARGE)));
    expect((await pushed.check({ trustsChecksums: true })).findings).toMatchObject([{ gone: true }]);
  });

  it('names every damaged object, catalog and pack, and what is gone', async () => {
    const pushed = await Pushed.make({ large: LARGE });
    const pack = pushed.key('.pack');
    pushed.damage(pack, pushed.objects.get(pack)!.indexOf('second'));
    pushed.damage(objectKey(contentIdOf(LARGE)), 1000);
    const check = await pushed.check();
    expect(check.findings).toMatchObject([
      { object: { kind: 'blob', id: contentIdOf(LARGE) }, gone: false },
      { object: { kind: 'blob', id: contentIdOf('second') }, key: pack },
    ]);
    pushed.objects.delete(pack);
    pushed.objects.delete(objectKey(contentIdOf(LARGE)));
    const after = await pushed.check();
    expect(after.findings.map(({ object, gone }) => [object.kind, gone])).toEqual([
      ['blob', true],
      ['pack', true],
    ]);
  });

  it('counts what no catalog names, and so what a damaged catalog named', async () => {
    const pushed = await Pushed.make();
    pushed.damage(pushed.key('.cat'), 40);
    const { findings, unnamed } = await pushed.check();
    expect(findings).toMatchObject([{ object: { kind: 'catalog' } }]);
    expect(unnamed.files).toBe(1);
  });

  it('reports every flipped bit and every truncation of a catalog', async () => {
    const { objects, key, remote } = await Pushed.make().then((pushed) => ({
      objects: pushed.objects,
      remote: pushed.remote,
      key: pushed.key('.cat'),
    }));
    const sound = objects.get(key)!;
    const isReported = async (bytes: Buffer): Promise<boolean> => {
      objects.set(key, bytes);
      const { findings } = await readWholeView(remote, signal);
      return findings.some((finding) => finding.key === key);
    };
    expect(await isReported(sound)).toBe(false);
    const unnoticed: number[] = [];
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const bytes = Buffer.from(sound);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (!(await isReported(bytes))) unnoticed.push(bit);
    }
    for (let length = 0; length < sound.length; length += 1) {
      if (!(await isReported(sound.subarray(0, length)))) unnoticed.push(-length);
    }
    expect(unnoticed).toEqual([]);
  });
});

describe('healRemote', () => {
  it('puts the very same files in the place of damaged and lost ones', async () => {
    const pushed = await Pushed.make({ large: LARGE });
    await writeNextBase(pushed.machine.source(pushed.remote), (await pushed.check()).view.parts.format!);
    // What is remembered of the base.
    await pushed.machine.push(pushed.remote, [pushed.machine.add({ c: randomBytes(10) })]);
    const sound = new Map(pushed.objects);
    const keys = [...sound.keys()].filter((key) => key !== 'format.json').sort();
    const covered = new Set((await pushed.check()).view.parts.base!.covered.map((id) => `packs/${id}.cat`));
    const counting = keys.filter((key) => !covered.has(key));
    for (const change of ['flip', 'cut', 'remove']) {
      for (const key of counting) {
        // Without its base a remote is what its catalogs say: that it had one is not known.
        if (change === 'remove' && key.includes('base-')) continue;
        if (change === 'remove' && key.endsWith('.cat') && !(await isPart(pushed, key))) continue;
        // A base has no checksum: what is no longer its form is seen.
        if (change === 'flip') pushed.damage(key, key.includes('base-') ? 0 : sound.get(key)!.length >> 1);
        else if (change === 'cut') pushed.objects.set(key, sound.get(key)!.subarray(0, -1));
        else pushed.objects.delete(key);
        const check = await pushed.check();
        expect([change, key, check.findings.map((finding) => finding.key)]).toEqual([change, key, [key]]);
        expect(await pushed.heal(check)).toEqual([key]);
        expect(pushed.objects.get(key)!.equals(sound.get(key)!)).toBe(true);
      }
    }
  });

  it('builds a pack again from what is sound on the remote and what a machine has', async () => {
    const pushed = await Pushed.make();
    const key = pushed.key('.pack');
    const sound = pushed.objects.get(key)!;
    pushed.damage(key, sound.indexOf('first'));
    const check = await pushed.check();
    const other = new Machine();
    expect(await pushed.heal(check, other)).toEqual([]);
    other.add({ z: Buffer.from('first') });
    expect(await pushed.heal(check, other)).toEqual([key]);
    expect(pushed.objects.get(key)!.equals(sound)).toBe(true);
  });
});

/** Only a catalog that the base names is missed. */
async function isPart(pushed: Pushed, key: string): Promise<boolean> {
  const { view } = await pushed.check();
  return view.parts.base!.parts.some((id) => key.includes(id));
}
