import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { startToxiproxy, type Line, type Toxic, type Toxiproxy } from '../rig/toxiproxy.js';
import { Machine, randomFiles } from './rig.js';
import { newPlace, QUICK } from './s3-place.js';

const toxiproxy: Toxiproxy | undefined = await startToxiproxy();
let server: S3Server;
let line: Line;

beforeAll(async () => {
  server = await startS3Server();
  stubEnvironment(awsEnvironment(server.users.writer));
  if (toxiproxy) line = await toxiproxy.lineTo(server.endpoint);
});

beforeEach(async () => {
  if (!toxiproxy) return;
  await line.up(true);
  await line.set([]);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  await toxiproxy?.stop();
});

const reason = 'Toxiproxy could not be built: it needs Go and its module proxy';

/** Two machines, and a folder of small files and a large one in the store of the first. */
function twoMachines(): { here: Machine; there: Machine; id: ReturnType<Machine['add']> } {
  const [here, there] = [new Machine(), new Machine()];
  return { here, there, id: here.add({ ...randomFiles(40, 1000), big: randomBytes(1_200_000) }) };
}

describe.skipIf(!toxiproxy)(`push and fetch over a bad line${toxiproxy ? '' : ` (${reason})`}`, () => {
  const slow: [string, readonly Toxic[]][] = [
    ['answers late by 200 ms', [{ type: 'latency', stream: 'downstream', attributes: { latency: 200 } }]],
    [
      'drips',
      [
        { type: 'bandwidth', stream: 'downstream', attributes: { rate: 600 } },
        { type: 'bandwidth', stream: 'upstream', attributes: { rate: 600 } },
      ],
    ],
    [
      'breaks everything into small pieces',
      [
        {
          type: 'slicer',
          stream: 'downstream',
          attributes: { average_size: 900, size_variation: 800, delay: 100 },
        },
      ],
    ],
  ];

  it.each(slow)('succeed with every byte right where it %s', async (_what, toxics) => {
    const place = newPlace(server);
    const { here, there, id } = twoMachines();
    await line.set(toxics);
    const writer = await place.open(line.endpoint);
    await here.push(writer, [id]);
    const reader = await place.open(line.endpoint);
    await there.fetch(reader, [id]);
    expect(there.files(id)).toEqual(here.files(id));
    expect(writer.traffic.requests + reader.traffic.requests).toBeLessThan(16);
  });

  it('succeed where every connection is cut after some bytes of its answer, reading on from there', async () => {
    const place = newPlace(server);
    const { here, there, id } = twoMachines();
    await here.push(await place.open(), [id]);
    await line.set([{ type: 'limit_data', stream: 'downstream', attributes: { bytes: 90_000 } }]);
    const remote = await place.open(line.endpoint);
    await there.fetch(remote, [id]);
    expect(there.files(id)).toEqual(here.files(id));
    expect(remote.traffic.requests).toBeGreaterThan(12);
    expect(remote.traffic.receivedBytes).toBeLessThan(1_300_000);
  });

  it('end in one clear error where connections are reset for ever, and go on when they are not', async () => {
    const place = newPlace(server);
    const { here, there, id } = twoMachines();
    const resets: Toxic[] = [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }];
    await line.set(resets);
    const lost = {
      code: 'remote-interrupted',
      exitCode: 1,
      hint: expect.stringContaining('again') as string,
    };
    await expect(here.push(await place.open(line.endpoint), [id])).rejects.toMatchObject(lost);
    await line.set([]);
    await here.push(await place.open(line.endpoint), [id]);
    await line.set(resets);
    await expect(there.fetch(await place.open(line.endpoint), [id])).rejects.toMatchObject(lost);
    await line.set([]);
    await there.fetch(await place.open(line.endpoint), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });

  it('outlast a server that is killed in the middle and started again', async () => {
    const place = newPlace(server);
    const { here, there, id } = twoMachines();
    await here.push(await place.open(), [id]);
    let waits = 0;
    const policy = {
      ...QUICK,
      random: () => {
        waits += 1;
        if (waits === 3) void line.up(true);
        return 0;
      },
    };
    let killed: Promise<void> | undefined;
    await there.fetch(await place.open(line.endpoint, { ...policy, maxDelayMs: 400 }), [id], {
      events: (event) => {
        if (event.type === 'progress') killed ??= line.up(false);
      },
    });
    await killed;
    expect(waits).toBeGreaterThanOrEqual(3);
    expect(there.files(id)).toEqual(here.files(id));
  });

  it('stop at once when they are told to while nothing is answered', async () => {
    const place = newPlace(server);
    const { here, id } = twoMachines();
    await line.set([{ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } }]);
    const remote = await place.open(line.endpoint);
    const stop = new AbortController();
    const pushing = expect(here.push(remote, [id], { signal: stop.signal })).rejects.toThrow('stopped');
    await vi.waitFor(() => {
      expect(remote.traffic.requests).toBe(1);
    });
    const began = performance.now();
    stop.abort(new Error('stopped'));
    await pushing;
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
