import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { readAll } from '../../src/remote/backends/remote.js';
import { objectKey } from '../../src/store/format.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { Machine, randomFiles } from './rig.js';
import { newPlace, QUICK } from './s3-place.js';

/** So many attempts that a server has time to start, however busy the machine is. */
const PATIENT = { ...QUICK, attempts: 1000, firstDelayMs: 100, maxDelayMs: 100 };
const LARGE = 6;
/** More than fits on the disk that gets full. */
const MORE = 14;
const LARGE_BYTES = 1_200_000;

/** A server that is started in a folder, killed, and started there again. */
class Server {
  readonly #folder: string;
  #running: S3Server | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<S3Server> {
    return (this.#running = await startS3Server(this.#folder));
  }

  /** At once, whatever it is doing. */
  async kill(): Promise<void> {
    const killed = this.#running;
    this.#running = undefined;
    if (killed === undefined) return;
    process.kill(killed.pid, 'SIGKILL');
    await killed.stop();
  }
}

beforeAll(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
});

afterAll(() => {
  vi.unstubAllEnvs();
});

function asWriter({ users }: S3Server): void {
  for (const [name, value] of Object.entries(awsEnvironment(users.writer))) vi.stubEnv(name, value);
}

function stocked(large = LARGE): { here: Machine; there: Machine; id: ReturnType<Machine['add']> } {
  const [here, there] = [new Machine(), new Machine()];
  const files = randomFiles(30, 500);
  for (let index = 0; index < large; index += 1) files[`large-${index}`] = randomBytes(LARGE_BYTES);
  return { here, there, id: here.add(files) };
}

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
  let server: Server;
  let first: S3Server;

  beforeAll(async () => {
    server = new Server(temporaryFolder(afterAll));
    first = await server.start();
    asWriter(first);
  });

  afterAll(async () => {
    await server.kill();
  });

  it('and is back in time costs nothing but the time', async () => {
    const place = newPlace(first);
    const { here, there, id } = stocked();
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
    const { here, there, id } = stocked();
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
    expect(await (await place.open()).list('packs/')).toEqual([]);
    const rest = await place.open();
    await here.push(rest, [id], { jobs: 1 });
    expect(rest.traffic.sentBytes).toBeLessThan(LARGE * LARGE_BYTES);
    await expect(
      there.fetch(await place.open(), [id], { jobs: 1, events: whenMoved(kill, 2.5 * LARGE_BYTES) }),
    ).rejects.toMatchObject(gone);
    await killed;
    await server.start();
    const remaining = await place.open();
    await there.fetch(remaining, [id], { jobs: 1 });
    expect(remaining.traffic.receivedBytes).toBeLessThan(LARGE * LARGE_BYTES);
    expect(there.files(id)).toEqual(here.files(id));
  });
});

const mounts = process.geteuid?.() === 0 && process.platform === 'linux';

// To mount a disk one has to be root (and on Linux).
describe.skipIf(!mounts)('a server whose disk gets full', () => {
  const left: Server[] = [];

  afterEach(async () => {
    for (const server of left.splice(0)) await server.kill();
  });

  it('ends a push with one clear error and nothing half-visible; with room the next push goes on', async (context) => {
    const disk = temporaryFolder();
    const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
    if (!mount('-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk)) {
      context.skip('no disk may be mounted here');
      return;
    }
    onTestFinished(() => void spawnSync('umount', ['-l', disk]));
    const server = new Server(disk);
    left.push(server);
    const full = await server.start();
    asWriter(full);
    const place = newPlace(full);
    const { here, there, id } = stocked(MORE);
    await expect(here.push(await place.open(), [id], { jobs: 2 })).rejects.toMatchObject({
      code: 'remote-busy',
      exitCode: 1,
      hint: expect.stringMatching(/it continues where it stopped.*disk may be full/) as string,
    });
    const remote = await place.open();
    expect(await remote.list('packs/')).toEqual([]);
    const arrived = await remote.list('objects/');
    expect(arrived.length).toBeGreaterThan(0);
    for (const { key } of arrived) {
      const bytes = await readAll((await remote.get(key))!);
      expect(objectKey(contentIdOf(bytes))).toBe(key);
    }
    await server.kill();
    expect(mount('-o', 'remount,size=200m', disk)).toBe(true);
    await server.start();
    const rest = await place.open();
    await here.push(rest, [id]);
    expect(rest.traffic.sentBytes).toBeLessThan((MORE - arrived.length + 1) * LARGE_BYTES);
    await there.fetch(await place.open(), [id]);
    expect(there.files(id)).toEqual(here.files(id));
  });
});
