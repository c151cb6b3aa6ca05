import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { S3Remote } from '../../../src/remote/backends/s3/s3-remote.js';
import { awsEnvironment, startS3Server, type S3Server } from '../../rig/s3-server.js';
import { readAll, type Remote } from '../../../src/remote/backends/remote.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { remoteConformance } from './conformance.js';
import { roundTrips } from '../round-trip.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  Object.assign(process.env, awsEnvironment(server.users.writer));
});

afterAll(async () => {
  await server.stop();
});

const openPlace = (): Promise<() => Promise<Remote>> => {
  const { bucket, endpoint } = server;
  const prefix = `tests/${randomUUID()}/`;
  return Promise.resolve(() => S3Remote.open({ bucket, prefix, endpoint }));
};

remoteConformance('S3', openPlace);
roundTrips('S3', openPlace);

describe('a file above the size of one request', () => {
  const bytes = randomBytes(80_000_000);
  const sha256 = contentIdOf(bytes);
  const key = `objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;

  function fileOf(content: Uint8Array): { file: string; size: number } {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, content);
    return { file, size: content.length };
  }

  it('goes up in parts; an upload that broke off is continued, not begun again', async () => {
    const open = await openPlace();
    const first = await open();
    const stop = new AbortController();
    const reason = new Error('stopped');
    // The first part that has arrived stops the upload.
    Object.defineProperty(first.traffic, 'sentBytes', {
      get: () => 0,
      set: (bytesOfPart: number) => {
        if (bytesOfPart > 0) stop.abort(reason);
      },
    });
    const body = fileOf(bytes);
    await expect(first.put(key, body, { sha256, ifNoneMatch: true, signal: stop.signal })).rejects.toBe(
      reason,
    );
    const second = await open();
    expect(await second.get(key)).toBeUndefined();
    expect(await second.put(key, body, { sha256, ifNoneMatch: true })).toBe('created');
    expect(second.traffic.sentBytes).toBeLessThan(bytes.length);
    expect(second.traffic.sentBytes).toBeGreaterThan(0);
    expect((await readAll((await second.get(key))!)).equals(bytes)).toBe(true);
    expect(await second.put(key, body, { sha256, ifNoneMatch: true })).toBe('exists');
  });

  it('is not completed if what was read has another hash', async () => {
    const remote = await (await openPlace())();
    const changed = Buffer.from(bytes);
    changed[79_000_000]! ^= 1;
    const put = remote.put(key, fileOf(changed), { sha256, ifNoneMatch: true });
    await expect(put).rejects.toMatchObject({ code: 'damaged-upload' });
    expect(await remote.get(key)).toBeUndefined();
    expect(await remote.list('objects/')).toEqual([]);
  });
});

describe('a file that cannot be sent', () => {
  const sha256 = contentIdOf(Buffer.from('whole'));

  it.each([5, 80_000_000])(
    'because it is gone is its own error, not one of the server (%i bytes)',
    async (size) => {
      const remote = await (await openPlace())();
      const file = join(temporaryFolder(), 'gone');
      await expect(remote.put('objects/gone', { file, size }, { sha256 })).rejects.toMatchObject({
        code: 'ENOENT',
      });
      expect(await remote.get('objects/gone')).toBeUndefined();
    },
  );

  it('because it is shorter than promised ends at once', async () => {
    const remote = await (await openPlace())();
    const file = join(temporaryFolder(), 'short');
    writeFileSync(file, 'who');
    const put = remote.put('objects/short', { file, size: 5 }, { sha256 });
    await expect(put).rejects.toMatchObject({ code: 'damaged-upload' });
    expect(await remote.get('objects/short')).toBeUndefined();
  });

  it('because nobody answers leaves nothing behind that could fail later', async () => {
    const remote = await S3Remote.open({ bucket: server.bucket, prefix: '', endpoint: 'http://127.0.0.1:1' });
    const file = join(temporaryFolder(), 'whole');
    writeFileSync(file, 'whole');
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('uncaughtException', hear);
    const put = remote.put('objects/whole', { file, size: 5 }, { sha256 });
    // As the link of a pinned object goes as soon as its upload has failed.
    await expect(
      put.finally(() => {
        rmSync(file);
      }),
    ).rejects.toMatchObject({ code: 'remote-unreachable' });
    await new Promise(setImmediate);
    process.off('uncaughtException', hear);
    expect(unheard).toEqual([]);
  });
});
