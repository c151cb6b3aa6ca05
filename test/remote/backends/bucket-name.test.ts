import { afterEach, describe, expect, it, vi } from 'vitest';
import { adding } from '../../../src/remote/backends/correction.js';
import { S3Remote } from '../../../src/remote/backends/s3/s3-remote.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Nothing is sent: a remote that is opened has only been looked at. */
async function open(bucket: string, more: { endpoint?: string; pathStyle?: boolean } = {}): Promise<void> {
  const settings = { bucket, prefix: '', region: 'eu-west-1', ...more };
  (await S3Remote.open(settings, adding('r', { url: `s3://${bucket}` }))).close();
}

describe('the name of a bucket', () => {
  it('is refused where it would be part of a host name that cannot be', async () => {
    for (const bucket of ['My_Bucket', 'UPPER', 'ab', 'a'.repeat(64), '-x-', 'under_score']) {
      await expect(open(bucket), bucket).rejects.toMatchObject({ code: 'bucket-name', exitCode: 2 });
    }
    await expect(open('My_Bucket')).rejects.toMatchObject({
      message: "'My_Bucket' cannot be the name of a bucket",
      hint: expect.stringContaining("'ocrpipe remote add r s3://my-bucket'") as string,
    });
  });

  it('is the business of other services, and of buckets that are addressed by path', async () => {
    await open('my-bucket.2024');
    await open('My_Bucket', { endpoint: 'http://127.0.0.1:9' });
    await open('My_Bucket', { pathStyle: true });
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    await open('My_Bucket');
  });
});
