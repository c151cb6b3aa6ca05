import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { remoteGcText } from '../../../src/cli/gc-remote-text.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { readAll, type Remote } from '../../../src/remote/backends/remote.js';
import { RetryingRemote } from '../../../src/remote/backends/retry.js';
import { S3Remote } from '../../../src/remote/backends/s3/s3-remote.js';
import type { Collected } from '../../../src/remote/gc/collect-remote.js';
import { objectKey } from '../../../src/store/format.js';
import type { HttpFault, SeenRequest } from '../../rig/fault-proxy.js';
import { faultyS3 } from '../../rig/faulty-s3.js';
import { awsEnvironment } from '../../rig/s3-server.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine, randomFiles } from '../rig.js';
import { QUICK } from '../s3-place.js';
import { collect, GRACE } from './collecting.js';

const s3 = faultyS3();
let client: S3Client;

beforeAll(() => {
  const { endpoint, users } = s3.server;
  stubEnvironment(awsEnvironment(users.writer));
  client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: users.writer });
});
afterAll(() => {
  vi.unstubAllEnvs();
  client.destroy();
});

/** A prefix of the bucket, and what lies there. */
class Bucket {
  readonly prefix = `tests/${randomUUID()}/`;
  readonly #place = { Bucket: s3.server.bucket };

  async open(endpoint = s3.proxy.endpoint): Promise<Remote> {
    const { bucket } = s3.server;
    return new RetryingRemote(await S3Remote.open({ bucket, prefix: this.prefix, endpoint }), QUICK);
  }

  /** Begins an upload in parts and sends one of so many bytes, as a push that is killed then. */
  async begin(key: string, bytes: number): Promise<void> {
    const place = { ...this.#place, Key: this.prefix + key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
    const Body = randomBytes(bytes);
    await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body }));
  }

  async put(key: string): Promise<void> {
    await client.send(new PutObjectCommand({ ...this.#place, Key: this.prefix + key, Body: 'x' }));
  }

  async uploads(): Promise<{ key: string; id: string }[]> {
    const command = new ListMultipartUploadsCommand({ ...this.#place, Prefix: this.prefix });
    const { Uploads = [] } = await client.send(command);
    return Uploads.map(({ Key = '', UploadId = '' }) => ({
      key: Key.slice(this.prefix.length),
      id: UploadId,
    }));
  }

  async abort({ key, id }: { key: string; id: string }): Promise<void> {
    const place = { ...this.#place, Key: this.prefix + key };
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId: id }));
  }
}

const LARGE = objectKey(contentIdOf('a large object'));
const PROBE = 'tmp/probe-9f86d081-884c-4d63-a15f-0123456789ab';

/** A remote with data, an upload in parts of ours and one of somebody else, and the object of a probe. */
async function withLeftovers() {
  const bucket = new Bucket();
  const machine = new Machine();
  const kept = machine.add(randomFiles(2, 300));
  await machine.push(await bucket.open(), [kept], { project: 'ours' });
  await bucket.begin(LARGE, 5000);
  await bucket.begin('objects/of-somebody-else', 700);
  await bucket.put(PROBE);
  await bucket.put('tmp/of-somebody-else');
  const run = async (graceMs: number): Promise<Collected> =>
    collect(machine, await bucket.open(), [kept], { graceMs });
  return { bucket, run };
}

const NONE = { writes: 0, bytes: 0 };
const isListing = ({ method, path }: SeenRequest): boolean => method === 'GET' && path.includes('uploads');

describe('what interrupted writes left in a bucket', () => {
  it('is cleared away when the grace period is over, and nothing of others is', async () => {
    const { bucket, run } = await withLeftovers();
    const waiting = (await run(GRACE.graceMs)).unfinished;
    expect(waiting).toMatchObject({ known: true, discarded: NONE, waiting: { writes: 2, bytes: 5001 } });
    expect(Date.parse(waiting.waitsUntil!) - Date.now()).toBeGreaterThan(GRACE.graceMs - 3_600_000);
    expect(await bucket.uploads()).toHaveLength(2);
    const { unfinished } = await run(0);
    expect(unfinished).toEqual({
      known: true,
      discarded: { writes: 2, bytes: 5001 },
      refused: NONE,
      waiting: NONE,
    });
    expect((await bucket.uploads()).map(({ key }) => key)).toEqual(['objects/of-somebody-else']);
    expect((await (await bucket.open()).list('tmp/')).map(({ key }) => key)).toEqual([
      'tmp/of-somebody-else',
    ]);
  });

  it('is left where somebody went on with it since it was listed', async () => {
    const { bucket } = await withLeftovers();
    const remote = await bucket.open();
    const found = (await remote.unfinished())!;
    const upload = found.find(({ key }) => key === LARGE)!;
    const { id } = (await bucket.uploads()).find(({ key }) => key === LARGE)!;
    const place = { Bucket: s3.server.bucket, Key: bucket.prefix + LARGE, UploadId: id };
    await client.send(new UploadPartCommand({ ...place, PartNumber: 2, Body: randomBytes(300) }));
    expect(await remote.discard(upload)).toBe(false);
    const again = (await remote.unfinished())!.find(({ key }) => key === LARGE)!;
    expect(again.bytes).toBe(5300);
    expect(await remote.discard(again)).toBe(true);
    expect(await remote.discard(again)).toBe(false);
  });

  it.each<[string, HttpFault]>([
    ['knows no such listing', { status: 501, name: 'NotImplemented' }],
    ['does not let this user see it', { status: 403, name: 'AccessDenied' }],
    ['takes the question for another', { status: 200, name: 'ListBucketResult' }],
  ])(
    'is said to be unknown where the server %s, and the collection is done all the same',
    async (_, fault) => {
      const { run } = await withLeftovers();
      s3.proxy.faults((request) => (isListing(request) ? fault : 'none'));
      const collected = await run(0);
      expect(collected.unfinished).toEqual({ known: false, discarded: NONE, refused: NONE, waiting: NONE });
      const text = remoteGcText({ remote: 'store', dryRun: false, skippedBroken: [], ...collected });
      expect(text).toContain('Unfinished uploads are not known: the server does not list them');
    },
  );

  it('is told apart where this user may not clear it away', async () => {
    const { run, bucket } = await withLeftovers();
    s3.proxy.faults(({ method, path }) =>
      method === 'DELETE' && path.includes('uploadId') ? { status: 403, name: 'AccessDenied' } : 'none',
    );
    const collected = await run(0);
    const { discarded, refused } = collected.unfinished;
    expect([discarded.writes, refused]).toEqual([1, { writes: 1, bytes: 5000 }]);
    expect(await bucket.uploads()).toHaveLength(2);
    const text = remoteGcText({ remote: 'store', dryRun: false, skippedBroken: [], ...collected });
    expect(text).toContain('s3:AbortMultipartUpload');
  });
});

describe('a large upload whose parts a collection takes away meanwhile', () => {
  it('is begun anew', async () => {
    const bucket = new Bucket();
    const remote = await bucket.open();
    const bytes = randomBytes(72_000_000);
    const sha256 = contentIdOf(bytes);
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, bytes);
    let aborted: 'no' | 'begun' | 'done' = 'no';
    const abort = async (): Promise<void> => {
      aborted = 'begun';
      for (const upload of await bucket.uploads()) await bucket.abort(upload);
      aborted = 'done';
    };
    const isPart = ({ method, path }: SeenRequest): boolean =>
      method === 'PUT' && path.includes('partNumber');
    s3.proxy.faults((request) => {
      if (isPart(request) && aborted === 'no') void abort();
      // The upload is not completed before it was taken away.
      const isCompletion = request.method === 'POST' && request.path.includes('uploadId');
      return isCompletion && aborted === 'begun' ? { status: 503, name: 'SlowDown' } : 'none';
    });
    expect(await remote.put(LARGE, { file, size: bytes.length }, { sha256, ifNoneMatch: true })).toBe(
      'created',
    );
    expect(aborted).toBe('done');
    expect(contentIdOf(await readAll((await remote.get(LARGE))!))).toBe(sha256);
    expect(await bucket.uploads()).toEqual([]);
  });
});
