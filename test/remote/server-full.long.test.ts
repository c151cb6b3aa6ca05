import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';
import { objectKey } from '../../src/store/format.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { asWriter, LARGE_BYTES, RestartedServer, stocked } from './restarted-server.js';
import { newPlace } from './s3-place.js';

/** More than fits on the disk that gets full. */
const MORE = 14;

beforeAll(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** Undefined if the server fails. */
async function readIfAnswered(remote: Remote, key: string): Promise<Uint8Array | undefined> {
  try {
    return await readAll((await remote.get(key))!);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'remote-busy') return undefined;
    throw error;
  }
}

const mounts = process.geteuid?.() === 0 && process.platform === 'linux';

// To mount a disk one has to be root (and on Linux).
describe.skipIf(!mounts)('a server whose disk gets full', () => {
  const left: RestartedServer[] = [];

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
    const server = new RestartedServer(disk);
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
      // A full server may not be able to answer; what it sends is right.
      const bytes = await readIfAnswered(remote, key);
      if (bytes) expect(objectKey(contentIdOf(bytes))).toBe(key);
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
