import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes, randomUUID } from 'node:crypto';
import dns from 'node:dns';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { absPath } from '../../src/base/paths.js';
import type { RemoteSettings } from '../../src/config/settings.js';
import { adding } from '../../src/remote/backends/correction.js';
import { openRemote } from '../../src/remote/backends/open-remote.js';
import { probeRemote } from '../../src/remote/backends/probe.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';
import { standIn } from '../rig/credential-services.js';
import { startFaultProxy, type FaultProxy } from '../rig/fault-proxy.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import { ownCertificate } from '../rig/git-https.js';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { newWorkspace } from '../rig/workspace.js';
import { bytes, expectRoundTrip, sha256 } from './put-and-get.js';

const s3 = faultyS3();

beforeEach(() => {
  stubEnvironment(awsEnvironment());
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function open(settings: Partial<RemoteSettings> = {}, root = temporaryFolder()): Promise<Remote> {
  const all = { url: `s3://${s3.server.bucket}/${randomUUID()}`, endpoint: s3.proxy.endpoint, ...settings };
  return openRemote(all, root, adding('x', all));
}

/** Stands for a service of names that knows all below 'localhost', and nothing else. */
function nameServer(): void {
  const lookup = (host: string, options: { all?: boolean }, done: (...found: unknown[]) => void): void => {
    const known = host === 'localhost' || host.endsWith('.localhost');
    if (!known) done(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }));
    else if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
}

describe('a remote that is written with settings of its own', () => {
  beforeEach(() => {
    stubEnvironment(awsEnvironment(s3.server.users.writer));
  });

  const sent = () => s3.proxy.seen.find(({ method }) => method === 'PUT')?.headers ?? {};

  it('asks for encryption and a storage class with each object', async () => {
    s3.proxy.faults(() => ({ status: 200, name: '' }));
    const settings = { sse: 'aws:kms', sseKmsKeyId: 'key-1', storageClass: 'STANDARD_IA' } as const;
    await (await open(settings)).put('packs/x', { bytes }, { sha256 });
    expect(sent()).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      'x-amz-storage-class': 'STANDARD_IA',
    });
  });

  it('asks for them with everything that it makes, in parts too, and with nothing else', async () => {
    const own = {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      'x-amz-storage-class': 'STANDARD_IA',
    };
    const seen: string[] = [];
    // A bucket whose policy refuses what is not encrypted so, and a service that takes these fields nowhere else.
    const endpoint = await standIn(({ method, url: { searchParams: query }, headers }) => {
      const isOfUpload = query.has('uploadId');
      const makes = (method === 'PUT' || method === 'POST') && !isOfUpload;
      const has = Object.entries(own).filter(([name, value]) => headers[name] === value).length;
      if (has !== (makes ? 3 : 0)) return [400, '<Error><Code>InvalidArgument</Code></Error>'];
      seen.push(`${method}${makes ? ' of something new' : ''}`);
      if (method === 'GET')
        return '<ListMultipartUploadsResult><Bucket>x</Bucket></ListMultipartUploadsResult>';
      if (isOfUpload) return '<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>';
      return '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
    });
    const settings = { sse: 'aws:kms', sseKmsKeyId: 'key-1', storageClass: 'STANDARD_IA' } as const;
    const remote = await open({ ...settings, endpoint });
    expect(await remote.put('packs/x', { bytes }, { sha256 })).toBe('created');
    const large = randomBytes(69 * 1024 * 1024);
    const file = join(temporaryFolder(), 'large');
    writeFileSync(file, large);
    await remote.put('objects/ab/x', { file, size: large.length }, { sha256: contentIdOf(large) });
    const [put, list, begin, ...rest] = seen;
    expect([put, list, begin]).toEqual(['PUT of something new', 'GET', 'POST of something new']);
    expect(rest.sort()).toEqual(['POST', ...Array<string>(5).fill('PUT')]);
  });

  it('is kept encrypted, and in that class, by a server that can', async () => {
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    await expectRoundTrip(await open({ url, sse: 'AES256', storageClass: 'STANDARD_IA' }));
    const { bucket, endpoint, users } = s3.server;
    const client = new S3Client({
      ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
      credentials: users.writer,
    });
    const Key = `${url.slice(`s3://${bucket}/`.length)}/packs/x`;
    expect(await client.send(new HeadObjectCommand({ Bucket: bucket, Key }))).toMatchObject({
      ServerSideEncryption: 'AES256',
      StorageClass: 'STANDARD_IA',
    });
    client.destroy();
  });

  it('is addressed by the name of a host where it is wished, large objects too', async () => {
    nameServer();
    const { port } = new URL(s3.proxy.endpoint);
    const remote = await open({ endpoint: `http://localhost:${port}`, pathStyle: false });
    const large = randomBytes(1_500_000);
    await remote.put('packs/large', { bytes: large }, { sha256: contentIdOf(large) });
    const range = { start: 0, end: large.length };
    expect((await readAll((await remote.get('packs/large', { range }))!)).equals(large)).toBe(true);
    expect(await probeRemote(remote, new AbortController().signal)).toMatchObject({
      conditionalCreate: true,
    });
    expect(new Set(s3.proxy.seen.map(({ headers }) => headers.host))).toEqual(
      new Set([`${s3.server.bucket}.localhost:${port}`]),
    );
    expect(s3.proxy.seen.every(({ path }) => !path.includes(s3.server.bucket))).toBe(true);
    remote.close();
  });

  it('says how else a bucket is addressed whose host has no name', async () => {
    nameServer();
    const remote = await open({ endpoint: 'http://s3.invalid:1', pathStyle: false });
    await expect(remote.list('packs/')).rejects.toMatchObject({
      code: 'remote-unreachable',
      message: expect.stringContaining(`${s3.server.bucket}.s3.invalid`) as string,
      hint: expect.stringContaining('--path-style') as string,
    });
  });

  it('keeps to a key of its own, without which nothing is read', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'key'), randomBytes(32));
    writeFileSync(join(root, 'short'), randomBytes(31));
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    await expectRoundTrip(await open({ url, sseCustomerKeyFile: 'key' }, root));
    const without = await open({ url });
    await expect(without.get('packs/x')).rejects.toMatchObject({ name: 'OcrpipeError' });
    const refused = { code: 'sse-key', exitCode: 2 };
    await expect(open({ sseCustomerKeyFile: 'short' }, root)).rejects.toMatchObject(refused);
    await expect(open({ sseCustomerKeyFile: 'none' }, root)).rejects.toMatchObject(refused);
  });

  it('sends no checksums where the service dislikes them, and damaged uploads are refused all the same', async () => {
    const remote = await open({ requestChecksumCalculation: 'when_required' });
    expect(await probeRemote(remote, new AbortController().signal)).toEqual({
      conditionalCreate: true,
      refusesDamage: true,
      ranges: true,
    });
    expect(Object.keys(sent()).filter((name) => name.includes('checksum'))).toEqual([]);
    await expectRoundTrip(remote);
    expect(s3.proxy.seen.find(({ path }) => path.includes('packs/x'))?.headers['x-amz-content-sha256']).toBe(
      sha256,
    );
  });

  it('goes no faster than it may, and is stopped all the same', async () => {
    const remote = await open({ bandwidth: '400kB' });
    const large = { bytes: randomBytes(300_000) };
    const began = performance.now();
    await remote.put('packs/x', large, { sha256: contentIdOf(large.bytes) });
    const written = performance.now();
    expect((await readAll((await remote.get('packs/x'))!)).equals(large.bytes)).toBe(true);
    expect(written - began).toBeGreaterThan(500);
    expect(performance.now() - written).toBeGreaterThan(300);
    const stop = new AbortController();
    const slow = await open({ bandwidth: '1kB' });
    const put = slow.put('packs/x', large, { sha256: contentIdOf(large.bytes), signal: stop.signal });
    const stopped = expect(put).rejects.toThrow('stopped');
    await vi.waitFor(() => {
      expect(s3.proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    });
    const asked = performance.now();
    stop.abort(new Error('stopped'));
    await stopped;
    expect(performance.now() - asked).toBeLessThan(10_000);
  });
});

describe('a bucket that everybody may read', () => {
  it('is read without credentials, and unsigned', async () => {
    stubEnvironment(awsEnvironment(s3.server.users.writer));
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    await expectRoundTrip(await open({ url }));
    stubEnvironment({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    s3.proxy.faults(() => 'none');
    const remote = await open({ url, anonymous: true });
    expect(await remote.list('packs/')).toHaveLength(1);
    expect((await readAll((await remote.get('packs/x'))!)).equals(bytes)).toBe(true);
    expect(s3.proxy.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    await expect(remote.put('packs/y', { bytes }, { sha256 })).rejects.toMatchObject({
      code: 'remote-denied',
      hint: expect.stringContaining('--no-anonymous') as string,
    });
  });
});

const certificate = ownCertificate(temporaryFolder(afterAll));

describe.skipIf(!certificate)('an endpoint with a certificate of a private authority (needs openssl)', () => {
  const large = randomBytes(1_500_000);
  const whole = { range: { start: 0, end: large.length } };
  const refused = {
    ...{ code: 'remote-tls', exitCode: 2 },
    hint: expect.stringContaining('--ca-bundle FILE') as string,
  };

  async function secureProxy(): Promise<FaultProxy> {
    stubEnvironment(awsEnvironment(s3.server.users.writer));
    const secure = await startFaultProxy(s3.server.endpoint, certificate);
    onTestFinished(secure.stop);
    return secure;
  }

  it('is refused with what to type, and trusted where its certificate is named', async () => {
    const { endpoint, seen } = await secureProxy();
    const { file } = certificate!;
    const folder = absPath(dirname(file));
    const asking: ((remote: Remote) => Promise<unknown>)[] = [
      (remote) => remote.list('packs/'),
      (remote) => remote.get('packs/x', whole),
    ];
    for (const ask of asking) {
      await expect(open({ endpoint }).then(ask)).rejects.toMatchObject(refused);
      // Of another name than the certificate's.
      const other = endpoint.replace('127.0.0.1', 'localhost');
      await expect(open({ endpoint: other, caBundle: file }).then(ask)).rejects.toMatchObject(refused);
    }
    expect(seen).toEqual([]);
    const remote = await open({ endpoint, caBundle: 'cert.pem' }, folder);
    await expectRoundTrip(remote);
    await remote.put('packs/large', { bytes: large }, { sha256: contentIdOf(large) });
    expect((await readAll((await remote.get('packs/large', whole))!)).equals(large)).toBe(true);
    expect(seen.at(-1)?.headers.connection).toBe('close');
    stubEnvironment({ AWS_CA_BUNDLE: file });
    await expectRoundTrip(await open({ endpoint }));
    await expect(open({ endpoint, caBundle: 'key.pem' }, folder)).rejects.toMatchObject({
      code: 'ca-bundle',
    });
  });

  it('is trusted where Node trusts its certificate', async () => {
    const { endpoint, seen } = await secureProxy();
    const workspace = await newWorkspace();
    workspace.write('large.bin', large);
    // Node reads that variable as it starts.
    const env = { ...awsEnvironment(s3.server.users.writer), NODE_EXTRA_CA_CERTS: certificate!.file };
    const run = (words: string[], AWS_CA_BUNDLE = '') =>
      runOcrpipe(words, { cwd: workspace.root, env: { ...workspace.env, ...env, AWS_CA_BUNDLE } });
    const other = ownCertificate(temporaryFolder())!.file;
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    const add = ['remote', 'add', 'store', url, '--endpoint', endpoint];
    for (const words of [['add', 'large.bin'], add, ['push']]) {
      expect(await run(words), words.join(' ')).toMatchObject({ exitCode: 0 });
    }
    for (const path of ['large.bin', '.ocrstore/objects']) rmSync(workspace.path(path), { recursive: true });
    // Another authority is trusted besides.
    expect(await run(['pull'], other)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(workspace.path('large.bin')).equals(large)).toBe(true);
    expect(seen.filter(({ headers }) => headers.connection === 'close')).toHaveLength(1);
  });
});
