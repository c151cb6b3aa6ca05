import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../../src/cli/error-report.js';
import { fileListing } from '../rig/file-listing.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { newWorkspace } from '../rig/workspace.js';

const WRONG_KEY = { accessKeyId: 'nobody', secretAccessKey: 'a-secret-that-is-wrong' };

describe('a bucket that cannot be used', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server.stop());

  /** The error of `ocrpipe push` to `url` with `env`; checks that it is the user's to correct and that nothing changed. */
  async function pushError(url: string, env: Record<string, string>): Promise<ErrorDocument['error']> {
    const workspace = await newWorkspace();
    workspace.write('data/a.txt', 'a');
    await workspace.ocrpipe('add', 'data');
    const options = ['--endpoint', server.endpoint, '--region', 'us-east-1', '--path-style'];
    await workspace.ocrpipe('remote', 'add', 'bad', url, ...options, '--no-check');
    const before = fileListing(workspace.root);
    const { stdout, exitCode } = await workspace.run(['push', '--json'], env);
    expect(exitCode).toBe(2);
    expect(fileListing(workspace.root)).toEqual(before);
    return (JSON.parse(stdout) as ErrorDocument).error;
  }

  it('because there is no such bucket: says which and what to do', async () => {
    const error = await pushError('s3://no-such-bucket/plates', awsEnvironment(server.users.writer));
    expect(error).toMatchObject({ code: 'bucket-missing', hint: expect.stringMatching(/./) as string });
    expect(error.message).toContain('no-such-bucket');
  });

  it('because the credentials are wrong: names no secret', async () => {
    const error = await pushError(`s3://${server.bucket}/plates`, awsEnvironment(WRONG_KEY));
    expect(error).toMatchObject({ code: 'credentials-refused', hint: expect.stringMatching(/./) as string });
    expect(JSON.stringify(error)).not.toContain(WRONG_KEY.secretAccessKey);
  });

  it('because there are no credentials: says where they are looked for', async () => {
    const error = await pushError(`s3://${server.bucket}/plates`, awsEnvironment());
    expect(error).toMatchObject({
      code: 'credentials-missing',
      hint: expect.stringMatching(/AWS/) as string,
    });
  });

  it('because one may only read it: says so', async () => {
    const error = await pushError(`s3://${server.bucket}/plates`, awsEnvironment(server.users.reader));
    expect(error).toMatchObject({ code: 'remote-denied' });
  });
});
