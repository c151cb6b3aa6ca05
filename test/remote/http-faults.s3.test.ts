import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { readAll } from '../../src/remote/backends/remote.js';
import fc, { runs, RUNS } from '../rig/fast-check.js';
import type { HttpFault } from '../rig/fault-proxy.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { Machine, randomFiles } from './rig.js';
import { newPlace } from './s3-place.js';

const s3 = faultyS3();

beforeAll(() => {
  stubEnvironment(awsEnvironment(s3.server.users.writer));
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** A machine with small files and large ones that no push is done with before several requests. */
function stocked(): { here: Machine; id: ReturnType<Machine['add']> } {
  const here = new Machine();
  const big = Object.fromEntries([1, 2, 3].map((n) => [`big-${n}`, randomBytes(1_100_000)]));
  return { here, id: here.add({ ...randomFiles(30, 300), ...big }) };
}

const answer = (status: number, name: string): HttpFault => ({ status, name });
const again = expect.stringContaining('again') as string;

describe('a body that does not arrive as it was sent', () => {
  const bytes = randomBytes(150_000);
  const key = 'packs/x';

  it('is read on from the byte where it was cut, whichever that is', async () => {
    const place = newPlace(s3.server);
    await (await place.open()).put(key, { bytes }, { sha256: contentIdOf(bytes) });
    const remote = await place.open(s3.proxy.endpoint);
    for (const cutAt of [0, 1, 2, 16_383, 16_384, 75_000, 149_998, 149_999, 150_000]) {
      s3.proxy.faults(({ number }) => (number === 1 ? { cutAt } : 'none'));
      expect((await readAll((await remote.get(key))!)).equals(bytes)).toBe(true);
      const ranges = s3.proxy.seen.map(({ headers }) => headers.range);
      expect(ranges.length).toBeLessThanOrEqual(2);
      if (cutAt > 0 && cutAt < 150_000) expect(ranges[1]).toMatch(/^bytes=\d+-149999$/);
    }
  });

  it('is not taken for whole where it ends early without saying how long it should be', async () => {
    const place = newPlace(s3.server);
    const { here, id } = stocked();
    await here.push(await place.open(), [id]);
    const there = new Machine();
    // Of a listing, a catalog and a pack: each is once cut so that nothing but its content tells.
    s3.proxy.faults(({ number }) => (number % 2 === 1 && number < 8 ? { endAt: 400 } : 'none'));
    await there.fetch(await place.open(s3.proxy.endpoint), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });

  it('is read once more where a bit of it is another, and refused by name where that stays so', async () => {
    const place = newPlace(s3.server);
    const { here, id } = stocked();
    await here.push(await place.open(), [id]);
    const flipped = new Set<string>();
    const once = (path: string): HttpFault => {
      if (!path.includes('/objects/') || flipped.has(path)) return 'none';
      flipped.add(path);
      return { flipAt: 700_000 };
    };
    const there = new Machine();
    s3.proxy.faults(({ path }) => once(path));
    await there.fetch(await place.open(s3.proxy.endpoint), [id]);
    expect(flipped.size).toBe(3);
    expect(there.files(id)).toEqual(here.files(id));
    const elsewhere = new Machine();
    s3.proxy.faults(({ path }) => (path.includes('/objects/') ? { flipAt: 700_000 } : 'none'));
    await expect(elsewhere.fetch(await place.open(s3.proxy.endpoint), [id])).rejects.toMatchObject({
      code: 'object-damaged',
    });
    expect([...elsewhere.store.looseObjects()]).toEqual([]);
  });
});

describe('push and fetch with a server that fails', () => {
  const kinds: HttpFault[] = [
    'none',
    answer(503, 'SlowDown'),
    answer(500, 'InternalError'),
    { reset: 'before' },
    { reset: 'after' },
    { cutAt: 130 },
  ];
  const faulty = fc.array(fc.constantFrom(...kinds), { maxLength: 24 });

  it('end with everything in place, whichever requests fail', { timeout: 120_000 * RUNS }, async () => {
    const { here, id } = stocked();
    await fc.assert(
      fc.asyncProperty(faulty, faulty, async (sending, receiving) => {
        const place = newPlace(s3.server);
        const there = new Machine();
        s3.proxy.faults(({ number }) => sparse(sending, number));
        await here.forgetful().push(await place.open(s3.proxy.endpoint), [id]);
        s3.proxy.faults(({ number }) => sparse(receiving, number));
        await there.fetch(await place.open(s3.proxy.endpoint), [id]);
        expect(there.files(id)).toEqual(here.files(id));
      }),
      { numRuns: runs(10) },
    );
  });

  it('outlast a burst of refusals at each request', async () => {
    const place = newPlace(s3.server);
    const { here, id } = stocked();
    s3.proxy.faults(({ number }) => (number % 4 === 0 ? 'none' : answer(503, 'SlowDown')));
    await here.push(await place.open(s3.proxy.endpoint), [id], { jobs: 1 });
    const there = new Machine();
    await there.fetch(await place.open(), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });

  const final: [string, HttpFault, { code: string; exitCode: number; hint: string }][] = [
    ['is overloaded for good', answer(503, 'SlowDown'), { code: 'remote-busy', exitCode: 1, hint: again }],
    ['breaks', answer(500, 'InternalError'), { code: 'remote-busy', exitCode: 1, hint: again }],
    [
      'no longer knows the token',
      answer(400, 'ExpiredToken'),
      { code: 'credentials-expired', exitCode: 2, hint: again },
    ],
    ['is full', answer(507, 'InsufficientStorage'), { code: 'remote-full', exitCode: 2, hint: again }],
    ['has no room by quota', answer(403, 'QuotaExceeded'), { code: 'remote-full', exitCode: 2, hint: again }],
    [
      'has another time',
      answer(403, 'RequestTimeTooSkewed'),
      { code: 'clock-skewed', exitCode: 2, hint: again },
    ],
    ['cuts everything', { reset: 'before' }, { code: 'remote-interrupted', exitCode: 1, hint: again }],
  ];

  it.each(final)(
    'end in one clear error when it %s half-way, and go on from there',
    async (_what, fault, error) => {
      const place = newPlace(s3.server);
      const { here, id } = stocked();
      let large = 0;
      s3.proxy.faults(({ method, path }) => {
        if (method === 'PUT' && path.includes('/objects/')) large += 1;
        return large > 1 ? fault : 'none';
      });
      const pushing = here.push(await place.open(s3.proxy.endpoint), [id], { jobs: 1 });
      await expect(pushing).rejects.toMatchObject(error);
      expect(await (await place.open()).list('objects/')).toHaveLength(1);
      s3.proxy.faults(() => 'none');
      await here.push(await place.open(s3.proxy.endpoint), [id], { jobs: 1 });
      const there = new Machine();
      let got = 0;
      s3.proxy.faults(({ path }) => {
        if (path.includes('/objects/')) got += 1;
        return got > 1 ? fault : 'none';
      });
      await expect(there.fetch(await place.open(s3.proxy.endpoint), [id], { jobs: 1 })).rejects.toMatchObject(
        error,
      );
      const first = [...there.store.looseObjects()].length;
      s3.proxy.faults(() => 'none');
      const rest = await place.open(s3.proxy.endpoint);
      await there.fetch(rest, [id], { jobs: 1 });
      expect(first).toBe(1);
      expect(rest.traffic.receivedBytes).toBeLessThan(2_500_000);
      expect(there.files(id)).toEqual(here.files(id));
    },
  );

  it('name why an answer without a body was refused', async () => {
    const place = newPlace(s3.server);
    const remote = await place.open(s3.proxy.endpoint);
    s3.proxy.faults(() => answer(400, 'ExpiredToken'));
    await expect(remote.describe('packs/x')).rejects.toMatchObject({ code: 'credentials-expired' });
  });

  it('sign by the clock of the server where that of this machine is wrong by hours', async () => {
    const place = newPlace(s3.server);
    const { here, id } = stocked();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 60 * 60 * 1000 });
    try {
      await here.push(await place.open(s3.proxy.endpoint), [id]);
      expect(s3.proxy.seen[0]?.path).toBe(s3.proxy.seen[1]?.path);
    } finally {
      vi.useRealTimers();
    }
    const there = new Machine();
    await there.fetch(await place.open(), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });
});

describe('an upload in parts', () => {
  const bytes = randomBytes(72_000_000);
  const sha256 = contentIdOf(bytes);
  const key = 'objects/large';

  it('sends no part twice where one fails, and nothing again where the answer to its end got lost', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, bytes);
    const failed = new Set<string>();
    const firstTime = (name: string, fault: HttpFault): HttpFault => {
      if (failed.has(name)) return 'none';
      failed.add(name);
      return fault;
    };
    s3.proxy.faults(({ method, path }) => {
      if (path.includes('partNumber=3')) return firstTime('part', answer(503, 'SlowDown'));
      if (method === 'POST' && path.includes('uploadId=')) return firstTime('end', { reset: 'after' });
      return 'none';
    });
    const remote = await newPlace(s3.server).open(s3.proxy.endpoint);
    await remote.put(key, { file, size: bytes.length }, { sha256, ifNoneMatch: true });
    expect(failed).toEqual(new Set(['part', 'end']));
    expect(remote.traffic.sentBytes).toBe(bytes.length);
    expect((await readAll((await remote.get(key))!)).equals(bytes)).toBe(true);
  });
});

/** Between two failing requests one passes, so that no request fails more often than it is attempted. */
function sparse(faults: readonly HttpFault[], number: number): HttpFault {
  return number % 2 === 0 ? 'none' : (faults[(number - 1) / 2] ?? 'none');
}
