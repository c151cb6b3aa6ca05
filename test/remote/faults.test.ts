import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { missingFrom } from '../../src/store/closure.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { MemoryRemote } from '../../src/remote/backends/memory.js';
import { readAll } from '../../src/remote/backends/remote.js';
import { RetryingRemote } from '../../src/remote/backends/retry.js';
import fc, { runs, RUNS } from '../rig/fast-check.js';
import { FaultyRemote, type Fault, type Faults } from '../rig/faulty-remote.js';
import { Machine, randomFiles } from './rig.js';

const AT_ONCE = { attempts: 6, firstDelayMs: 0, maxDelayMs: 0, random: () => 0 };

function unreliable(objects: Map<string, Buffer>, faults: Faults): RetryingRemote {
  return new RetryingRemote(new FaultyRemote(new MemoryRemote('memory', objects), faults), AT_ONCE);
}

describe('a remote behind retries', () => {
  it('gives exactly the bytes of an object however often and wherever its body is cut', async () => {
    const bytes = randomBytes(200_000);
    const objects = new Map([['packs/x', bytes]]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 12 }), async (cuts) => {
        const remote = unreliable(objects, ({ number }) =>
          cuts[number - 1] === undefined ? 'none' : { cutAfterBytes: cuts[number - 1]! },
        );
        const range = { start: 1000, end: 180_000 };
        const read = await readAll((await remote.get('packs/x', { range }))!);
        expect(read.equals(bytes.subarray(1000, 180_000))).toBe(true);
      }),
    );
  });

  it('never joins bytes of two objects that had one name', async () => {
    const objects = new Map([['packs/x', randomBytes(100_000)]]);
    const remote = unreliable(objects, ({ number }) => (number === 1 ? { cutAfterBytes: 50_000 } : 'none'));
    const download = (await remote.get('packs/x'))!;
    objects.set('packs/x', randomBytes(100_000));
    await expect(readAll(download)).rejects.toMatchObject({ code: 'remote-changed' });
  });

  it('gives up after a number of attempts, with an error that says so', async () => {
    const remote = unreliable(new Map(), () => 'busy');
    await expect(remote.list('packs/')).rejects.toMatchObject({ code: 'remote-busy', exitCode: 1 });
  });

  it('does not repeat what will not pass', async () => {
    const objects = new Map<string, Buffer>();
    const inner = new MemoryRemote('memory', objects);
    const remote = new RetryingRemote(inner, AT_ONCE);
    const wrong = remote.put('packs/x', { bytes: Buffer.from('a') }, { sha256: contentIdOf('b') });
    await expect(wrong).rejects.toMatchObject({ code: 'damaged-upload' });
    expect(inner.traffic.requests).toBe(1);
  });

  it('stops waiting when the signal is aborted', async () => {
    const stop = new AbortController();
    const patient = { attempts: 6, firstDelayMs: 60_000, maxDelayMs: 60_000, random: () => 0 };
    const busy = new FaultyRemote(new MemoryRemote(), () => 'busy');
    const listing = new RetryingRemote(busy, patient).list('packs/', { signal: stop.signal });
    const reason = new Error('stopped');
    stop.abort(reason);
    await expect(listing).rejects.toBe(reason);
  });
});

describe('push and fetch over a network that fails', () => {
  const kinds: readonly Fault[] = ['none', 'busy', 'lost-request', 'lost-answer', { cutAfterBytes: 700 }];
  const faulty = fc.array(fc.constantFrom(...kinds), { maxLength: 30 });

  it('end with everything in place, whichever requests fail', { timeout: 120_000 * RUNS }, async () => {
    const here = new Machine();
    const id = here.add({ ...randomFiles(30, 300), big: randomBytes(1_200_000) });
    await fc.assert(
      fc.asyncProperty(faulty, faulty, async (sending, receiving) => {
        const objects = new Map<string, Buffer>();
        const writer = unreliable(objects, ({ number }) => sparse(sending, number));
        await here.forgetful().push(writer, [id]);
        const there = new Machine();
        await there.fetch(
          unreliable(objects, ({ number }) => sparse(receiving, number)),
          [id],
        );
        expect(there.files(id)).toEqual(here.files(id));
      }),
      { numRuns: runs(25) },
    );
  });

  it('go on with a large object where an interrupted fetch stopped', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const id = here.add({ big: randomBytes(20_000_000) });
    await here.push(new MemoryRemote('memory', objects), [id]);
    const stop = new AbortController();
    const reason = new Error('stopped');
    const stopped = there.fetch(new MemoryRemote('memory', objects), [id], {
      signal: stop.signal,
      events: (event) => {
        if (event.type === 'progress' && event.done > 15_000_000) stop.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect([...there.store.looseObjects()]).toEqual([]);
    const remote = new MemoryRemote('memory', objects);
    await there.fetch(remote, [id]);
    // Two ranges were on their way at once: what the second was ahead by comes again.
    expect(remote.traffic.receivedBytes).toBeLessThan(9_000_000);
    expect(there.files(id)).toEqual(here.files(id));
  });

  it('never end with a wrong byte when answers are damaged: refused by name, sound objects stay', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const id = here.add({ ...randomFiles(10, 300), big: randomBytes(1_200_000) });
    await here.push(new MemoryRemote('memory', objects), [id]);
    const key = [...objects.keys()].find((each) => each.startsWith('objects/'))!;
    objects.get(key)![600_000]! ^= 1;
    const refused = there.fetch(new MemoryRemote('memory', objects), [id]);
    await expect(refused).rejects.toMatchObject({ code: 'object-damaged' });
    await expect(refused).rejects.toThrow(key);
    expect([...missingFrom({ reader: there.store, id })]).toMatchObject([{ kind: 'blob', size: 1_200_000 }]);
    expect([...there.store.looseObjects()]).toEqual([]);
    objects.get(key)![600_000]! ^= 1;
    const sound = objects.get(key)!;
    objects.set(key, sound.subarray(0, 600_000));
    const other = new Machine();
    await expect(other.fetch(new MemoryRemote('memory', objects), [id])).rejects.toMatchObject({
      code: 'object-damaged',
      message: expect.stringMatching(/of data \(big\) is damaged in objects.*: it is shorter/) as string,
    });
    expect([...missingFrom({ reader: other.store, id })]).toMatchObject([{ kind: 'blob', size: 1_200_000 }]);
    objects.set(key, sound);
    await there.fetch(new MemoryRemote('memory', objects), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });
});

/** Between two failing requests one passes, so that no request fails more often than it is attempted. */
function sparse(faults: readonly Fault[], number: number): Fault {
  return number % 2 === 0 ? 'none' : (faults[(number - 1) / 2] ?? 'none');
}
