import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import type { RemoteSettings } from '../../src/config/settings.js';
import { adding } from '../../src/remote/backends/correction.js';
import { openRemote } from '../../src/remote/backends/open-remote.js';
import { probeRemote } from '../../src/remote/backends/probe.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';
import { startFaultProxy } from '../rig/fault-proxy.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const s3 = faultyS3();

beforeEach(() => {
  environment(awsEnvironment());
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function environment(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

function open(settings: Partial<RemoteSettings> = {}, root = temporaryFolder()): Promise<Remote> {
  const all = { url: `s3://${s3.server.bucket}/${randomUUID()}`, endpoint: s3.proxy.endpoint, ...settings };
  return openRemote(all, root, adding('x', all));
}

const bytes = randomBytes(20_000);
const sha256 = contentIdOf(bytes);

async function expectRoundTrip(remote: Remote): Promise<void> {
  await remote.put('packs/x', { bytes }, { sha256, ifNoneMatch: true });
  expect((await readAll((await remote.get('packs/x'))!)).equals(bytes)).toBe(true);
  remote.close();
}

/** A service of AWS that hands out credentials, on loopback. */
async function standIn(answer: (path: string) => object | string | undefined): Promise<string> {
  const service = createServer((request, response) => {
    const found = answer(request.url ?? '');
    response.statusCode = found === undefined ? 404 : 200;
    response.end(typeof found === 'string' ? found : JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    service.closeAllConnections();
    service.close();
  });
  return `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('the default chain of AWS gives credentials', () => {
  const temporary = () => ({
    AccessKeyId: s3.server.users.writer.accessKeyId,
    SecretAccessKey: s3.server.users.writer.secretAccessKey,
  });

  function configuration(text: string, credentials = ''): void {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'config'), text);
    writeFileSync(join(folder, 'credentials'), credentials);
    environment({
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    });
  }

  it('from the environment', async () => {
    environment(awsEnvironment(s3.server.users.writer));
    await expectRoundTrip(await open());
  });

  it('from a profile, with its region', async () => {
    const { accessKeyId, secretAccessKey } = s3.server.users.writer;
    configuration(
      '[profile team]\nregion = eu-test-7\n',
      `[team]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    await expectRoundTrip(await open({ profile: 'team' }));
    expect(s3.proxy.seen[0]?.headers.authorization).toContain('/eu-test-7/s3/');
    await expectRoundTrip(await open({ profile: 'team', region: 'us-test-1' }));
    expect(s3.proxy.seen.at(-1)?.headers.authorization).toContain('/us-test-1/s3/');
  });

  it('from a process', async () => {
    const file = join(temporaryFolder(), 'answer.json');
    writeFileSync(file, JSON.stringify({ Version: 1, ...temporary() }));
    configuration(`[profile team]\ncredential_process = cat ${file}\n`);
    await expectRoundTrip(await open({ profile: 'team' }));
  });

  it('from a container', async () => {
    const service = await standIn(() => ({ ...temporary(), Token: '', Expiration: inAnHour() }));
    environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service}/role` });
    await expectRoundTrip(await open());
  });

  it('from the service of an instance', async () => {
    const list = '/latest/meta-data/iam/security-credentials/';
    const service = await standIn((path) => {
      if (path === '/latest/api/token') return 'token';
      if (path === list) return 'role';
      const found = { Code: 'Success', ...temporary(), Token: '', Expiration: inAnHour() };
      return path === `${list}role` ? found : undefined;
    });
    environment({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: service });
    await expectRoundTrip(await open());
  });

  it('or says what to type, with the name of the profile', async () => {
    configuration(
      '[profile team]\nsso_start_url = https://example.invalid/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n',
    );
    const remote = await open({ profile: 'team' });
    await expect(remote.list('packs/')).rejects.toMatchObject({
      code: 'credentials-missing',
      exitCode: 2,
      hint: expect.stringContaining("'aws sso login --profile team'") as string,
    });
    expect(s3.proxy.seen).toEqual([]);
  });
});

describe('a remote that is written with settings of its own', () => {
  beforeEach(() => {
    environment(awsEnvironment(s3.server.users.writer));
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
    environment(awsEnvironment(s3.server.users.writer));
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    await expectRoundTrip(await open({ url }));
    environment({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    s3.proxy.faults(() => 'none');
    const remote = await open({ url, anonymous: true });
    expect(await remote.list('packs/')).toHaveLength(1);
    expect((await readAll((await remote.get('packs/x'))!)).equals(bytes)).toBe(true);
    expect(s3.proxy.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    await expect(remote.put('packs/y', { bytes }, { sha256 })).rejects.toMatchObject({
      code: 'remote-denied',
    });
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!openssl)('an endpoint with a certificate of a private authority (needs openssl)', () => {
  it('is refused with what to type, and trusted where its certificate is named', async () => {
    environment(awsEnvironment(s3.server.users.writer));
    const folder = temporaryFolder();
    const made = spawnSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'cert.pem'],
      ],
      { cwd: folder },
    );
    expect(made.status).toBe(0);
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const secure = await startFaultProxy(s3.server.endpoint, { key: key!, cert: cert! });
    onTestFinished(secure.stop);
    const { endpoint } = secure;
    await expect((await open({ endpoint })).list('packs/')).rejects.toMatchObject({
      code: 'remote-tls',
      exitCode: 2,
      hint: expect.stringContaining('--ca-bundle FILE') as string,
    });
    await expectRoundTrip(await open({ endpoint, caBundle: 'cert.pem' }, folder));
    environment({ AWS_CA_BUNDLE: join(folder, 'cert.pem') });
    await expectRoundTrip(await open({ endpoint }));
    await expect(open({ endpoint, caBundle: 'key.pem' }, folder)).rejects.toMatchObject({
      code: 'ca-bundle',
    });
  });
});
