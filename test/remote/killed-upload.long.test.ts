import { randomBytes, randomUUID } from 'node:crypto';
import { ListMultipartUploadsCommand, ListPartsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fsckRemote } from '../../src/actions/fsck-remote.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { runAction } from '../rig/action-process.js';
import type { SeenRequest } from '../rig/fault-proxy.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const s3 = faultyS3();
const PART_BYTES = 16 * 1024 * 1024;
const PARTS = 8;
const SIZE = PARTS * PART_BYTES;
const TRANSFER = { targets: [], jobs: 2, verify: false };

beforeAll(() => {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  stubEnvironment(awsEnvironment(s3.server.users.writer));
});
afterAll(() => {
  vi.unstubAllEnvs();
});

/** The number of the part that a request sends; undefined for other requests. */
function partOf({ method, path }: SeenRequest): number | undefined {
  const number = new URL(path, 'http://x').searchParams.get('partNumber');
  return method === 'PUT' && number !== null ? Number(number) : undefined;
}

/** The parts that the server has of the unfinished uploads below a prefix, by their numbers. */
async function partsThere(prefix: string): Promise<number[]> {
  const { endpoint, bucket: Bucket, users } = s3.server;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: users.writer,
  });
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
  const numbers: number[] = [];
  for (const { Key, UploadId } of Uploads) {
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    numbers.push(...Parts.map(({ PartNumber = 0 }) => PartNumber));
  }
  client.destroy();
  return numbers;
}

describe('a push that is killed by SIGKILL while a large file goes up in parts', () => {
  it(
    'is gone on with by the next: parts that are there are kept, and only the others are sent',
    { timeout: 240_000 },
    async () => {
      const prefix = randomUUID();
      const a = new WorkspaceFolder(temporaryFolder());
      a.init();
      a.write('large.bin', randomBytes(SIZE));
      await a.add('large.bin');
      const settings = { url: `s3://${s3.server.bucket}/${prefix}`, endpoint: s3.proxy.endpoint };
      await remoteAdd({ name: 'here', settings, makeDefault: true, check: true }, a.call);
      let kept: number[] = [];
      for (const dyingAt of [6, 3]) {
        const kill = new AbortController();
        const sent: number[] = [];
        s3.proxy.faults((request) => {
          const part = partOf(request);
          if (part !== undefined) sent.push(part);
          // Four are on their way at once: when this one begins, all but three before it have arrived.
          if (sent.length === dyingAt) kill.abort();
          return 'none';
        });
        const { signal } = await runAction(a.root, ['push', TRANSFER], { kill: kill.signal });
        expect(signal).toBe('SIGKILL');
        expect(sent.filter((part) => kept.includes(part))).toEqual([]);
        expect(await partsThere(prefix)).toEqual(expect.arrayContaining(kept));
        kept = await partsThere(prefix);
      }
      expect(kept.length).toBeGreaterThanOrEqual(2);
      s3.proxy.faults(() => 'none');
      const pushed = await push(TRANSFER, a.call);
      const requests = s3.proxy.seen.map(({ method, path }) => ({ method, path }));
      const sent = s3.proxy.seen.flatMap((request) => partOf(request) ?? []);
      expect(sent.filter((part) => kept.includes(part))).toEqual([]);
      expect(sent.length).toBeLessThanOrEqual(PARTS - kept.length);
      // Nothing is begun anew: one upload is listed, its parts are, and it is completed.
      const posts = requests.filter(({ method }) => method === 'POST');
      expect(posts.map(({ path }) => path.includes('uploadId='))).toEqual([true]);
      expect(pushed.bytes).toBeLessThan(SIZE - kept.length * PART_BYTES + 100_000);
      expect(pushed.requests).toBeLessThanOrEqual(sent.length + 12);
      expect(await partsThere(prefix)).toEqual([]);
      expect(await fsckRemote({ repair: false }, a.call)).toMatchObject({ damaged: [], missing: [] });
    },
  );
});
