import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OcrpipeEvent } from '../../src/base/events.js';
import type { S3Server } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { asWriter, LARGE_BYTES, RestartedServer, stocked } from './restarted-server.js';
import { newPlace, QUICK } from './s3-place.js';

/** So many attempts that a server has time to start, however busy the machine is. */
const PATIENT = { ...QUICK, attempts: 1000, firstDelayMs: 100, maxDelayMs: 100 };
const LARGE = 6;

beforeAll(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** Calls once, when something is said to have moved, or so much. */
function whenMoved(call: () => void, least = 1): (event: OcrpipeEvent) => void {
  let called = false;
  return (event) => {
    if (called || event.type !== 'progress' || event.done < least) return;
    called = true;
    call();
  };
}

describe('a server that is killed while data goes to it and comes from it', () => {
  let server: RestartedServer;
  let first: S3Server;

  beforeAll(async () => {
    server = new RestartedServer(temporaryFolder(afterAll));
    first = await server.start();
    asWriter(first);
  });

  afterAll(async () => {
    await server.kill();
  });

  it('and is back in time costs nothing but the time', async () => {
    const place = newPlace(first);
    const { here, there, id } = stocked(LARGE);
    const restarts: Promise<S3Server>[] = [];
    const restart = (): void => {
      restarts.push(server.kill().then(() => server.start()));
    };
    const patient = () => place.open(undefined, PATIENT);
    await here.push(await patient(), [id], { jobs: 1, events: whenMoved(restart) });
    await Promise.all(restarts);
    await there.fetch(await patient(), [id], { jobs: 1, events: whenMoved(restart) });
    const again = await Promise.all(restarts);
    expect(again.map(({ endpoint }) => endpoint)).toEqual([first.endpoint, first.endpoint]);
    expect(there.files(id)).toEqual(here.files(id));
    expect(await here.forgetful().push(await place.open(), [id], { verify: true })).toMatchObject({
      objects: 0,
    });
  });

  it('and does not come back ends both in one clear error; run again, they go on from there', async () => {
    const place = newPlace(first);
    const { here, there, id } = stocked(LARGE);
    const gone = {
      code: 'remote-interrupted',
      exitCode: 1,
      message: expect.stringContaining('answered before and no longer does') as string,
      hint: expect.stringContaining('run the command again: it continues where it stopped') as string,
    };
    let killed: Promise<void> | undefined;
    const kill = (): void => {
      killed = server.kill();
    };
    await expect(
      here.push(await place.open(), [id], { jobs: 1, events: whenMoved(kill) }),
    ).rejects.toMatchObject(gone);
    await killed;
    await server.start();
    // It answers before it finds all that it has.
    const rest = await place.open(undefined, PATIENT);
    expect(await rest.list('packs/')).toEqual([]);
    await here.push(rest, [id], { jobs: 1 });
    expect(rest.traffic.sentBytes).toBeLessThan(LARGE * LARGE_BYTES);
    await expect(
      there.fetch(await place.open(), [id], { jobs: 1, events: whenMoved(kill, 2.5 * LARGE_BYTES) }),
    ).rejects.toMatchObject(gone);
    await killed;
    await server.start();
    const remaining = await place.open(undefined, PATIENT);
    await there.fetch(remaining, [id], { jobs: 1 });
    expect(remaining.traffic.receivedBytes).toBeLessThan(LARGE * LARGE_BYTES);
    expect(there.files(id)).toEqual(here.files(id));
  });
});
